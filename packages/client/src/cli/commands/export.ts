// `waybill export`: asks, follows, saves.
import { defineCommand } from '../arguments/command.ts'
import { FILTERS_HELP, REQUEST_FLAGS, readRequest } from '../arguments/export-request.ts'
import { absolute, checkTarget, FILE_FLAGS, fetchFile, quote } from '../fetch-file.ts'
import { follow } from '../follow.ts'
import { sayTime } from '../terminal/wording.ts'
import { findUnfinished } from '../unfinished.ts'

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'asks for an export, follows it, and saves its file',
  details: [
    'The file is there whole, with its SHA-256 verified, or not at all. A download that was broken off is gone on with by the ' +
      'same command, or by "waybill download".',
    ...FILTERS_HELP,
    'Ctrl-C asks whether to cancel the export. Without a terminal it is left running; its id is in the output.',
  ],
  arguments: [{ name: 'DATASET', description: 'see waybill datasets' }],
  takesFilters: true,
  flags: {
    ...FILE_FLAGS,
    ...REQUEST_FLAGS,
    'webhook-url': { type: 'text', value: 'URL', description: 'tell this address how it ended' },
    detach: { type: 'switch', short: 'd', description: 'only ask, and say the id' },
    fresh: { type: 'switch', description: 'ask anew where a download was broken off' },
    'cancel-on-interrupt': { type: 'switch', description: 'cancel the export at Ctrl-C or SIGTERM, without asking' },
  },
  examples: [
    {
      line: 'waybill export user-points --format xlsx --from 2026-01-01 --game game-1 -o points.xlsx',
      says: 'one game since January, as a workbook',
    },
    { line: 'waybill export users -o - | gzip > users.csv.gz', says: 'through a pipe' },
    {
      line: 'waybill export user-points --from 30d --columns id,points -o points.csv.gz',
      says: 'two columns of 30 days, compressed by the server',
    },
    { line: 'id=$(waybill export users --detach) && waybill download "$id"', says: 'ask now, take later' },
  ],
  async run(call) {
    const { flags, context } = call
    const { output } = context
    const file = flags.output
    const client = await context.client()
    const request = await readRequest(call, client, file)
    const webhook = flags['webhook-url'] === undefined ? {} : { webhookUrl: flags['webhook-url'] }

    if (flags.detach) {
      const { id, ...asked } = await client.exports.create({ ...request, ...webhook })
      output.result({ id, ...asked }, () => id)
      return
    }
    await checkTarget(file, flags.force)
    const unfinished = flags.fresh || file === '-' ? undefined : await findUnfinished(client, request, absolute(file))
    if (unfinished !== undefined) {
      const { id, createdAt } = unfinished.export
      output.remark(
        `Going on with export ${id}, asked for at ${sayTime(createdAt)}. With --fresh it is asked for anew.`,
      )
      await fetchFile(unfinished.export, { client, output, file: unfinished.file, overwrite: flags.force })
      return
    }
    const { id } = await client.exports.create({ ...request, ...webhook })
    output.remark(`Asked for export ${id}.`)
    const command = `waybill download ${id}${file === undefined ? '' : ` -o ${quote(file)}`}`
    const done = await follow(id, { client, output, command, cancelOnInterrupt: flags['cancel-on-interrupt'] })
    await fetchFile(done, { client, output, file, overwrite: flags.force })
  },
})
