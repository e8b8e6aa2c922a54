// `waybill remove`: takes files away before their time.
import { defineCommand } from '../arguments/command.ts'

export const removeCommand = defineCommand({
  name: 'remove',
  summary: 'removes the files of exports now; who took what stays on record',
  arguments: [{ name: 'ID', description: 'of an export', isList: true }],
  flags: {},
  examples: [{ line: 'waybill remove 01a206bd-3a7c-70dd-b151-2b1407fb87af', says: 'one; several are as good' }],
  async run({ arguments: ids, context }) {
    const client = await context.client()
    await Promise.all(ids.map((id) => client.exports.remove(id)))
    context.output.result(
      ids.map((id) => ({ id, status: 'expired' })),
      () => ids.map((id) => `The file of ${id} is removed.`).join('\n'),
    )
  },
})
