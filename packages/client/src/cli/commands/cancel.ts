// `waybill cancel`: cancels queued or running exports.
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { WaybillClient } from '../../client.ts'
import { WaybillError } from '../../http/errors.ts'
import { defineCommand } from '../arguments/command.ts'

export const cancelCommand = defineCommand({
  name: 'cancel',
  summary: 'Cancel exports',
  arguments: [{ name: 'ID', description: 'id of an export; you can pass several', isList: true }],
  flags: {},
  examples: [{ line: 'waybill cancel 01a206bd-3a7c-70dd-b151-2b1407fb87af', description: 'Cancel one export' }],
  async run({ arguments: ids, context }) {
    const client = await context.client()
    const ended = await Promise.all(ids.map((id) => cancelOrGet(client, id)))
    context.output.result(ended, () => ended.map(describe).join('\n'))
  },
})

/** An export that has ended cannot be canceled. This is no error: the command says how it ended. */
async function cancelOrGet(client: WaybillClient, id: string): Promise<Export> {
  try {
    return await client.exports.cancel(id)
  } catch (error) {
    if (!(error instanceof WaybillError) || error.code !== 'EXPORT_ENDED') throw error
    return client.exports.get(id)
  }
}

function describe({ id, status }: Export): string {
  if (status === 'canceled') return `${id} is canceled.`
  const hint = status === 'completed' ? ` To remove its file: waybill remove ${id}` : ''
  return `${id} has already ended (${status}).${hint}`
}
