// `waybill logout`: deletes the saved server and key.
import { defineCommand } from '../arguments/command.ts'
import { removeConfigFile } from '../config-file.ts'

export const logoutCommand = defineCommand({
  name: 'logout',
  summary: 'Delete the saved server and key; the key stays valid',
  flags: {},
  examples: [{ line: 'waybill logout', description: 'Delete the config file' }],
  async run({ context: { environment, output } }) {
    const removed = await removeConfigFile(environment.configPath)
    output.result({ removed, file: environment.configPath }, () =>
      removed ? `Deleted ${environment.configPath}.` : 'Not logged in.',
    )
  },
})
