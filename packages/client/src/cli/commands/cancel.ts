// `waybill cancel`: cancels queued or running exports.
import { defineCommand } from '../arguments/command.ts'

export const cancelCommand = defineCommand({
  name: 'cancel',
  summary: 'Cancel exports',
  arguments: [{ name: 'ID', description: 'id of an export; you can pass several', isList: true }],
  flags: {},
  examples: [{ line: 'waybill cancel 01a206bd-3a7c-70dd-b151-2b1407fb87af', description: 'Cancel one export' }],
  async run({ arguments: ids, context }) {
    const client = await context.client()
    const canceled = await Promise.all(ids.map((id) => client.exports.cancel(id)))
    context.output.result(canceled, () => canceled.map(({ id }) => `${id} is canceled.`).join('\n'))
  },
})
