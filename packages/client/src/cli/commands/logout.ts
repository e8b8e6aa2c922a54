// `waybill logout`: forgets server and key.
import { defineCommand } from '../arguments/command.ts'
import { removeConfigFile } from '../config-file.ts'

export const logoutCommand = defineCommand({
  name: 'logout',
  summary: 'forgets the server and the key; the key itself stays valid',
  flags: {},
  examples: [{ line: 'waybill logout', says: 'removes the config file' }],
  async run({ context: { environment, output } }) {
    const removed = await removeConfigFile(environment.configPath)
    output.result({ removed, file: environment.configPath }, () =>
      removed ? `${environment.configPath} is removed.` : 'There was nothing to forget.',
    )
  },
})
