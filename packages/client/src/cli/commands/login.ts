// `waybill login`: keeps server and key, once the server knows the key.
import { text } from 'node:stream/consumers'
import { defineCommand } from '../arguments/command.ts'
import { UsageError } from '../arguments/usage-error.ts'
import { writeConfigFile } from '../config-file.ts'
import { connect } from '../context.ts'
import { DEFAULT_URL } from '../settings.ts'
import { Interrupted } from '../terminal/interrupt.ts'
import { askLine, askSecret, CTRL_C, isInteractive } from '../terminal/terminal.ts'

export const loginCommand = defineCommand({
  name: 'login',
  summary: 'keeps the address of the server and your key for later calls',
  details: [
    'Asks for both. Without a terminal the key is read from standard input. Nothing is kept until the server has taken the key.',
  ],
  flags: {},
  examples: [
    { line: 'waybill login', says: 'asks' },
    { line: 'waybill login --url https://waybill.example < key.txt', says: 'in a script' },
  ],
  async run({ context }) {
    const { environment, output, given } = context
    const url = given.url ?? environment.url ?? (isInteractive() ? await askUrl() : DEFAULT_URL)
    const key = given.key ?? environment.key ?? (await readKey())
    if (key === '') throw new UsageError('No key was given.')
    const me = await connect(url, key, output).me.get()
    await writeConfigFile(environment.configPath, { url, key })
    output.result(
      { url, name: me.name, role: me.role, file: environment.configPath },
      () => `You are ${me.name} (${me.role}) at ${url}. Kept in ${environment.configPath}.`,
    )
  },
})

async function askUrl(): Promise<string> {
  return (await askLine(`Server [${DEFAULT_URL}]: `)) || DEFAULT_URL
}

async function readKey(): Promise<string> {
  if (!isInteractive()) return (await text(process.stdin)).trim()
  const typed = await askSecret('API key (not shown): ')
  if (typed === CTRL_C) throw new Interrupted('SIGINT')
  return typed
}
