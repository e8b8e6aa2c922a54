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
    const removed = await Promise.all(ids.map(async (id) => ({ id, ...(await client.exports.remove(id)) })))
    context.output.result(
      removed.map(({ id, isRemoved }) => ({ id, status: 'expired', removed: isRemoved })),
      () => removed.map(describe).join('\n'),
    )
  },
})

function describe({ id, isRemoved }: { readonly id: string; readonly isRemoved: boolean }): string {
  if (isRemoved) return `The file of ${id} is deleted.`
  return `The file of ${id} has no links any more. The storage cannot delete it now; the server repeats it.`
}
