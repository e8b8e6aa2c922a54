// `waybill cancel`: ends exports that are queued or running.
import { defineCommand } from '../arguments/command.ts'

export const cancelCommand = defineCommand({
  name: 'cancel',
  summary: 'cancels exports; the work stops',
  arguments: [{ name: 'ID', description: 'of an export', isList: true }],
  flags: {},
  examples: [{ line: 'waybill cancel 01a206bd-3a7c-70dd-b151-2b1407fb87af', says: 'one; several are as good' }],
  async run({ arguments: ids, context }) {
    const client = await context.client()
    const canceled = await Promise.all(ids.map((id) => client.exports.cancel(id)))
    context.output.result(canceled, () => canceled.map(({ id }) => `${id} is canceled.`).join('\n'))
  },
})
