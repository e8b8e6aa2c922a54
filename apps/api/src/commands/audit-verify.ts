// `npm run audit:verify`: verifies the audit trail. Exit codes: 0 intact, 1 not intact, 2 not readable.
import { parseArgs } from 'node:util'
import { readAnchors } from '@waybill/shared/audit/anchors.ts'
import { formatHead, type Head, parseHead } from '@waybill/shared/audit/chain.ts'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { databaseFailure } from '@waybill/shared/database/failure.ts'
import { readConfigWithBucketOrExit, readDatabaseUrlOrExit } from '@waybill/shared/settings/read.ts'
import { connectStorage } from '@waybill/shared/wiring.ts'

const USAGE = `Usage: npm run audit:verify [-- --head SEQ:HASH ...] [--no-anchors]
  --head SEQ:HASH   a head that an earlier run printed; the trail must still contain that event. Can be repeated.
  --no-anchors      do not compare the anchors in the bucket (npm run audit:anchor). Default: compare, if S3_BUCKET is set.
`

/** A storage that hangs ends the command. */
const READ_ANCHORS_TIMEOUT_MS = 120_000

const say = (line: string) => process.stdout.write(`${line}\n`)
const count = (number: number | bigint) => number.toLocaleString('en')

function readArguments(): { heads: Head[]; withAnchors: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        head: { type: 'string', multiple: true, default: [] },
        'no-anchors': { type: 'boolean', default: false },
      },
    })
    const heads = values.head.map((text) => {
      const head = parseHead(text)
      if (head === undefined) throw new TypeError(`--head ${text} must be a number, a colon and 64 hex digits`)
      return head
    })
    return { heads, withAnchors: !values['no-anchors'] }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}`)
    process.exit(2)
  }
}

/** Undefined: not wanted, or no bucket is set. */
async function readBucket(): Promise<Head[] | undefined> {
  const config = withAnchors ? readConfigWithBucketOrExit(2) : undefined
  if (config === undefined) return undefined
  const storage = connectStorage(config)
  try {
    return await readAnchors(storage, AbortSignal.timeout(READ_ANCHORS_TIMEOUT_MS))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`The anchors in the bucket cannot be read: ${message}\n`)
    process.exit(2)
  } finally {
    storage.close()
  }
}

const { heads: noted, withAnchors } = readArguments()
const databaseUrl = readDatabaseUrlOrExit(2)
// Before the trail: an anchor that is written meanwhile may be newer than the snapshot that is verified.
const anchors = await readBucket()
try {
  const { events, head, problems, problemCount } = await verifyTrail(databaseUrl, {
    noted: [...noted, ...(anchors ?? [])],
    onProgress: (done, of) => process.stderr.write(`${count(done)} of ${count(of)} events read\n`),
  })
  for (const problem of problems) say(`! ${problem}`)
  if (problemCount > problems.length) say(`! and ${count(problemCount - problems.length)} more`)
  if (problemCount > 0) say(`The trail is NOT intact: ${count(problemCount)} problems in ${count(events)} events.`)
  else say(`The trail is intact: ${count(events)} events, each with the hash of the previous event.`)
  for (const { id } of noted) if (problemCount === 0) say(`Event ${id} has the hash given with --head.`)
  if (anchors === undefined) say('Anchors in a bucket were not compared.')
  else if (problemCount === 0) say(`It agrees with every anchor in the bucket: ${count(anchors.length)}.`)
  say(`Head: ${formatHead(head)}`)
  process.exitCode = problemCount === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`The audit trail cannot be read: ${databaseFailure(error).message}\n`)
  process.exitCode = 2
}
