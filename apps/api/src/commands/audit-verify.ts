// `npm run audit:verify`: verifies the audit trail. Exit codes: 0 intact, 1 not intact, 2 not readable.
import { parseArgs } from 'node:util'
import { formatHead, type Head, parseHead } from '@waybill/shared/audit/chain.ts'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { databaseFailure } from '@waybill/shared/database/failure.ts'
import { readDatabaseUrlOrExit } from '@waybill/shared/settings/read.ts'

const USAGE = `Usage: npm run audit:verify [-- --head SEQ:HASH ...]
  --head SEQ:HASH   a head that an earlier run printed; the trail must still contain that event. Can be repeated.
`

const say = (line: string) => process.stdout.write(`${line}\n`)
const count = (number: number | bigint) => number.toLocaleString('en')

function readArguments(): Head[] {
  try {
    const { values } = parseArgs({ options: { head: { type: 'string', multiple: true, default: [] } } })
    return values.head.map((text) => {
      const head = parseHead(text)
      if (head === undefined) throw new TypeError(`--head ${text} must be a number, a colon and 64 hex digits`)
      return head
    })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}`)
    process.exit(2)
  }
}

const noted = readArguments()
const databaseUrl = readDatabaseUrlOrExit(2)
try {
  const { events, head, problems, problemCount } = await verifyTrail(databaseUrl, {
    noted,
    onProgress: (done, of) => process.stderr.write(`${count(done)} of ${count(of)} events read\n`),
  })
  for (const problem of problems) say(`! ${problem}`)
  if (problemCount > problems.length) say(`! and ${count(problemCount - problems.length)} more`)
  if (problemCount > 0) say(`The trail is NOT intact: ${count(problemCount)} problems in ${count(events)} events.`)
  else say(`The trail is intact: ${count(events)} events, each with the hash of the previous event.`)
  for (const { id } of noted) if (problemCount === 0) say(`Event ${id} has the hash given with --head.`)
  say(`Head: ${formatHead(head)}`)
  process.exitCode = problemCount === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`The audit trail cannot be read: ${databaseFailure(error).message}\n`)
  process.exitCode = 2
}
