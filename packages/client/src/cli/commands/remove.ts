// `waybill remove`: deletes files before they expire.
import { defineCommand } from '../arguments/command.ts'

export const removeCommand = defineCommand({
  name: 'remove',
  summary: 'Delete the files of exports; the audit trail stays',
  arguments: [{ name: 'ID', description: 'id of an export; you can pass several', isList: true }],
  flags: {},
  examples: [
    { line: 'waybill remove 01a206bd-3a7c-70dd-b151-2b1407fb87af', description: 'Delete the file of one export' },
  ],
  async run({ arguments: ids, context }) {
    const client = await context.client()
    await Promise.all(ids.map((id) => client.exports.remove(id)))
    context.output.result(
      ids.map((id) => ({ id, status: 'expired' })),
      () => ids.map((id) => `The file of ${id} is deleted.`).join('\n'),
    )
  },
})
