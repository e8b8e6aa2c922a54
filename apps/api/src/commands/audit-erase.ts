// `npm run audit:erase`: erases personal data from the audit trail. Exit codes: 0 done, 2 wrong arguments or no access.
import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import { type ErasureSelection, eraseEvents } from '@waybill/shared/audit/erase.ts'
import { databaseFailure } from '@waybill/shared/database/failure.ts'
import { readDatabaseUrlOrExit } from '@waybill/shared/settings/read.ts'

const USAGE = `Usage: npm run audit:erase -- (--actor NAME_OR_ID | --events N[-M][,…]) --reason TEXT [--before TIME] [--yes]
  --actor NAME_OR_ID  the events of this caller, and those about its API key
  --events 3,7-9      these events
  --before TIME       only events before this time, for example 2026-01-01
  --reason TEXT       is stored in the trail with the numbers of the erased events; no personal data
  --yes               erases. Without it, the command counts the events and changes nothing

It needs the DATABASE_URL of the owner of the tables. Erased are the fields actor, actorId, address, userAgent and data.
`

const say = (line: string) => process.stdout.write(`${line}\n`)
const count = (number: number) => `${number.toLocaleString('en')} ${number === 1 ? 'event' : 'events'}`

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        actor: { type: 'string' },
        events: { type: 'string' },
        before: { type: 'string' },
        reason: { type: 'string' },
        yes: { type: 'boolean', default: false },
      },
    })
    const { actor, events, before, reason, yes } = values
    if ((actor === undefined || actor === '') && events === undefined) throw new TypeError('Give --actor or --events.')
    if (reason === undefined || reason.trim() === '') throw new TypeError('--reason is missing.')
    if (before !== undefined && Number.isNaN(Date.parse(before))) throw new TypeError(`--before ${before} is no time.`)
    const selection: ErasureSelection = {
      actor,
      ...(events === undefined ? {} : { events: events.split(',').map(readRange) }),
      before: before === undefined ? undefined : new Date(before),
    }
    return { selection, reason, yes }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}`)
    process.exit(2)
  }
}

function readRange(text: string): readonly [bigint, bigint] {
  const [, first, last = first] = /^(\d{1,18})(?:-(\d{1,18}))?$/.exec(text) ?? []
  if (first === undefined || last === undefined || BigInt(last) < BigInt(first)) {
    throw new TypeError(`--events ${text} must be a number, or two with - between them.`)
  }
  return [BigInt(first), BigInt(last)]
}

const { selection, reason, yes } = readArguments()
const databaseUrl = readDatabaseUrlOrExit(2)
try {
  const by = `operator:${userInfo().username}`
  const { events, undigested } = await eraseEvents(databaseUrl, selection, { by, reason, dryRun: !yes })
  say(yes ? `Erased the personal data of ${count(events)}.` : `Would erase the personal data of ${count(events)}.`)
  if (undigested > 0) {
    say(`${count(undigested)} of an earlier version cannot be erased: their hash covers the data itself.`)
  }
  if (!yes) say('Nothing was changed. Repeat the command with --yes.')
} catch (error) {
  process.stderr.write(`The events cannot be erased: ${databaseFailure(error).message}\n`)
  process.exitCode = 2
}
