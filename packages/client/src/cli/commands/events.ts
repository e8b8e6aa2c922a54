// `waybill events`: the audit trail of one export.
import { defineCommand } from '../arguments/command.ts'
import { table } from '../terminal/output.ts'
import { sayCaller, sayTime } from '../terminal/wording.ts'

export const eventsCommand = defineCommand({
  name: 'events',
  summary: 'Show the audit trail of an export',
  arguments: [{ name: 'ID', description: 'id of the export; see waybill list' }],
  flags: {},
  examples: [
    { line: 'waybill events 01a206bd-3a7c-70dd-b151-2b1407fb87af', description: 'List its events, oldest first' },
  ],
  async run({ arguments: [id = ''], context }) {
    const events = await (await context.client()).exports.events(id)
    const rows = events.map(({ at, type, actor, actorKind, data }) => [
      sayTime(at),
      type,
      sayCaller(actor, actorKind),
      Object.entries(data ?? {})
        .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
        .join(' '),
    ])
    context.output.result(events, () => table(['TIME', 'EVENT', 'ACTOR', 'DETAILS'], rows))
  },
})
