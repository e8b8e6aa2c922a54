// `waybill events`: the audit trail of one export.
import { defineCommand } from '../arguments/command.ts'
import { readNumber } from '../arguments/export-request.ts'
import { MAX_PAGE_SIZE, take } from '../lists.ts'
import { table } from '../terminal/output.ts'
import { sayCaller, sayTime } from '../terminal/wording.ts'

export const eventsCommand = defineCommand({
  name: 'events',
  summary: 'Show the audit trail of an export',
  arguments: [{ name: 'ID', description: 'id of the export; see waybill list' }],
  flags: {
    limit: { type: 'text', short: 'n', value: 'COUNT', description: 'maximum number of events (default: 1000)' },
  },
  examples: [
    { line: 'waybill events 01a206bd-3a7c-70dd-b151-2b1407fb87af', description: 'List its events, oldest first' },
  ],
  async run({ arguments: [id = ''], flags, context }) {
    const { exports } = await context.client()
    const limit = readNumber('--limit', flags.limit ?? '1000')
    const events = await take(exports.eachEvent(id, { limit: Math.min(limit, MAX_PAGE_SIZE) }), limit)
    const rows = events.map(({ at, type, actor, actorKind, data, repeats }) => [
      sayTime(at),
      type,
      sayCaller(actor, actorKind),
      Object.entries({ ...data, ...(repeats ? { repeats } : {}) })
        .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
        .join(' '),
    ])
    context.output.result(events, () => table(['TIME', 'EVENT', 'ACTOR', 'DETAILS'], rows))
  },
})
