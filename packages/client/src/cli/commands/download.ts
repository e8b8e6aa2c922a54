// `waybill download`: saves the file of an earlier export.
import { defineCommand } from '../arguments/command.ts'
import { checkTarget, FILE_FLAGS, fetchFile, quote } from '../fetch-file.ts'
import { follow } from '../follow.ts'
import { retryOptions, TIMEOUT_FLAG } from '../unreachable.ts'

export const downloadCommand = defineCommand({
  name: 'download',
  summary: 'Wait for an export and save its file',
  details: ['Resumes an interrupted download: incomplete data is kept beside the file, as FILE.ID.part.'],
  arguments: [{ name: 'ID', description: 'id of the export; see waybill list' }],
  flags: { ...FILE_FLAGS, ...TIMEOUT_FLAG },
  examples: [
    {
      line: 'waybill download 01a206bd-3a7c-70dd-b151-2b1407fb87af',
      description: 'Save it under the name given by the server',
    },
    {
      line: 'waybill download 01a206bd-3a7c-70dd-b151-2b1407fb87af -o points.xlsx --force',
      description: 'Overwrite an existing file',
    },
  ],
  async run({ arguments: [id = ''], flags, context }) {
    const { output } = context
    const client = await context.client(retryOptions(flags))
    await checkTarget(flags.output, flags.force)
    const command = `waybill download ${id}${flags.output === undefined ? '' : ` -o ${quote(flags.output)}`}`
    const done = await follow(id, { client, output, command, cancelOnInterrupt: false })
    await fetchFile(done, { client, output, file: flags.output, overwrite: flags.force })
  },
})
