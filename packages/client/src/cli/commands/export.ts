// `waybill export`: requests an export, waits for it and saves its file.

import { newRequestKey } from '../../http/request-key.ts'
import { defineCommand } from '../arguments/command.ts'
import { FILTERS_HELP, REQUEST_FLAGS, readRequest } from '../arguments/export-request.ts'
import { absolute, checkTarget, FILE_FLAGS, fetchFile, quote } from '../fetch-file.ts'
import { follow } from '../follow.ts'
import { sayTime } from '../terminal/wording.ts'
import { findUnfinished } from '../unfinished.ts'
import { isUnreachable, retryOptions, ServerUnreachable, TIMEOUT_FLAG } from '../unreachable.ts'

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Request an export, wait for it and save the file',
  details: [
    'The file is complete and its SHA-256 is verified, or it is not saved. An interrupted download resumes with the same ' +
      'command, or with "waybill download".',
    ...FILTERS_HELP,
    'On Ctrl-C you can cancel the export. Without a terminal it keeps running, and its id is in the output.',
  ],
  arguments: [{ name: 'DATASET', description: 'see waybill datasets' }],
  takesFilters: true,
  flags: {
    ...FILE_FLAGS,
    ...REQUEST_FLAGS,
    'webhook-url': { type: 'text', value: 'URL', description: 'send a webhook to this URL when the export ends' },
    detach: { type: 'switch', short: 'd', description: 'print the id without waiting for the export' },
    ...TIMEOUT_FLAG,
    'idempotency-key': {
      type: 'text',
      value: 'KEY',
      description: 'the same key and request give the same export, for 24 hours (default: a new key)',
    },
    fresh: { type: 'switch', description: 'start a new export instead of resuming a download' },
    'cancel-on-interrupt': { type: 'switch', description: 'cancel the export on Ctrl-C or SIGTERM, without a prompt' },
  },
  examples: [
    {
      line: 'waybill export user-points --format xlsx --from 2026-01-01 --game game-1 -o points.xlsx',
      description: 'Export one game since January to Excel',
    },
    { line: 'waybill export users -o - | gzip > users.csv.gz', description: 'Write to a pipe' },
    {
      line: 'waybill export user-points --from 30d --columns id,points -o points.csv.gz',
      description: 'Export two columns of the last 30 days, compressed by the server',
    },
    {
      line: 'id=$(waybill export users --detach) && waybill download "$id"',
      description: 'Request now, download later',
    },
  ],
  async run(call) {
    const { flags, context } = call
    const { output } = context
    const file = flags.output
    const client = await context.client(retryOptions(flags))
    const request = await readRequest(call, client, file)
    const webhook = flags['webhook-url'] === undefined ? {} : { webhookUrl: flags['webhook-url'] }
    const idempotencyKey = flags['idempotency-key'] ?? newRequestKey()
    const create = () =>
      withKeyHint(idempotencyKey, () => client.exports.create({ ...request, ...webhook }, { idempotencyKey }))

    if (flags.detach) {
      const created = await create()
      output.result(created, () => created.id)
      return
    }
    await checkTarget(file, flags.force)
    const unfinished = flags.fresh || file === '-' ? undefined : await findUnfinished(client, request, absolute(file))
    if (unfinished !== undefined) {
      const { id, createdAt } = unfinished.export
      output.info(`Resuming export ${id}, requested ${sayTime(createdAt)}. Use --fresh to start a new one.`)
      await fetchFile(unfinished.export, { client, output, file: unfinished.file, overwrite: flags.force })
      return
    }
    const { id } = await create()
    output.info(`Requested export ${id}.`)
    const command = `waybill download ${id}${file === undefined ? '' : ` -o ${quote(file)}`}`
    const done = await follow(id, { client, output, command, cancelOnInterrupt: flags['cancel-on-interrupt'] })
    await fetchFile(done, { client, output, file, overwrite: flags.force })
  },
})

/** When no answer came, the server may have the request all the same. */
async function withKeyHint<T>(key: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    if (!isUnreachable(error)) throw error
    throw new ServerUnreachable(
      error,
      `The server may have received the request. To repeat it without a second export, add --idempotency-key ${quote(key)}.`,
    )
  }
}
