// `waybill download`: the file of an export that was asked for before.
import { defineCommand } from '../arguments/command.ts'
import { checkTarget, FILE_FLAGS, fetchFile, quote } from '../fetch-file.ts'
import { follow } from '../follow.ts'

export const downloadCommand = defineCommand({
  name: 'download',
  summary: 'saves the file of an export, and waits for it where it must',
  details: ['Goes on where an earlier call was broken off: what has arrived is kept beside the file, as FILE.ID.part.'],
  arguments: [{ name: 'ID', description: 'of the export; see waybill list' }],
  flags: FILE_FLAGS,
  examples: [
    { line: 'waybill download 01a206bd-3a7c-70dd-b151-2b1407fb87af', says: 'under the name that it has at the server' },
    {
      line: 'waybill download 01a206bd-3a7c-70dd-b151-2b1407fb87af -o points.xlsx --force',
      says: 'in place of an older one',
    },
  ],
  async run({ arguments: [id = ''], flags, context }) {
    const { output } = context
    const client = await context.client()
    await checkTarget(flags.output, flags.force)
    const command = `waybill download ${id}${flags.output === undefined ? '' : ` -o ${quote(flags.output)}`}`
    const done = await follow(id, { client, output, command, cancelOnInterrupt: false })
    await fetchFile(done, { client, output, file: flags.output, overwrite: flags.force })
  },
})
