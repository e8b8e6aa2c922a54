// `waybill login`: saves the server and the key after checking them.
import { text } from 'node:stream/consumers'
import { defineCommand } from '../arguments/command.ts'
import { UsageError } from '../arguments/usage-error.ts'
import { writeConfigFile } from '../config-file.ts'
import { connect } from '../context.ts'
import { DEFAULT_URL } from '../settings.ts'
import { Interrupted } from '../terminal/interrupt.ts'
import { CTRL_C, isInteractive, promptLine, promptSecret } from '../terminal/terminal.ts'

export const loginCommand = defineCommand({
  name: 'login',
  summary: 'Save the address of the server and your API key',
  details: [
    'Prompts for both. Without a terminal, reads the key from standard input. Nothing is saved unless the server accepts the key.',
  ],
  flags: {},
  examples: [
    { line: 'waybill login', description: 'Enter the address and the key' },
    { line: 'waybill login --url https://waybill.example < key.txt', description: 'Log in from a script' },
  ],
  async run({ context }) {
    const { environment, output, given } = context
    const url = given.url ?? environment.url ?? (isInteractive() ? await promptUrl() : DEFAULT_URL)
    const key = given.key ?? environment.key ?? (await readKey())
    if (key === '') throw new UsageError('no key was given')
    const me = await connect(url, key, output).me.get()
    await writeConfigFile(environment.configPath, { url, key })
    output.result(
      { url, name: me.name, role: me.role, file: environment.configPath },
      () => `Logged in to ${url} as ${me.name} (${me.role}). Saved in ${environment.configPath}.`,
    )
  },
})

async function promptUrl(): Promise<string> {
  return (await promptLine(`Server [${DEFAULT_URL}]: `)) || DEFAULT_URL
}

async function readKey(): Promise<string> {
  if (!isInteractive()) return (await text(process.stdin)).trim()
  const typed = await promptSecret('API key (hidden): ')
  if (typed === CTRL_C) throw new Interrupted('SIGINT')
  return typed
}
