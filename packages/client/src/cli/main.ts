// The command line: finds the command, runs it, and makes an exit code of how it ended.

import { WaybillError } from '../http/errors.ts'
import { readArguments } from './arguments/read-arguments.ts'
import { UsageError } from './arguments/usage-error.ts'
import { findCommand, SECTIONS } from './commands.ts'
import { createContext } from './context.ts'
import { readEnvironment } from './environment.ts'
import { exitCodeOf, isSystemError } from './exit-codes.ts'
import { helpOf, helpOfAll, helpOfExitCodes } from './help.ts'
import { Interrupted } from './terminal/interrupt.ts'
import { createOutput } from './terminal/output.ts'
import { VERSION } from './version.ts'

/** @param argv what was typed after `waybill` @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  // `waybill list | head` closes the pipe: enough was read.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  // Known before anything is read, so that what cannot be read is said in the right form.
  const isJson = argv.includes('--json')
  try {
    await run(argv)
    return 0
  } catch (error) {
    tell(error, isJson)
    return exitCodeOf(error)
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const say = (text: string) => void process.stdout.write(`${text}\n`)
  const [first = '--help', second] = argv
  if (first === '--version' || first === '-v') return say(VERSION)
  if (first === '--help' || first === '-h' || (first === 'help' && second === undefined))
    return say(helpOfAll(SECTIONS))
  if (first === 'help' && second === 'exit-codes') return say(helpOfExitCodes())
  if (first === 'help') return say(helpOf(findCommand(argv.slice(1)).command))
  if (first.startsWith('-')) throw new UsageError('The command comes first: waybill COMMAND [flags]', 'waybill --help')

  const { command, rest } = findCommand(argv)
  const { globals, ...read } = readArguments(command, rest)
  if (globals.help) return say(helpOf(command))
  const environment = readEnvironment()
  const output = createOutput({ isJson: globals.json, isQuiet: globals.quiet, noColor: environment.noColor })
  await command.run({ ...read, context: createContext(environment, output, globals) })
}

function tell(error: unknown, isJson: boolean): void {
  const say = (text: string) => void process.stderr.write(`${text}\n`)
  if (error instanceof Interrupted) {
    if (error.advice !== undefined && !isJson) say(error.advice)
    if (isJson) say(JSON.stringify({ error: { code: 'INTERRUPTED', message: error.advice ?? 'Interrupted.' } }))
    return
  }
  const { code, message, hint, details } = describe(error)
  if (isJson) say(JSON.stringify({ error: { code, message, ...details } }))
  else say(hint === undefined ? `waybill: ${message}` : `waybill: ${message}\n  ${hint}`)
}

interface Description {
  readonly code: string
  readonly message: string
  readonly hint?: string | undefined
  /** For `--json`. */
  readonly details?: object
}

function describe(error: unknown): Description {
  if (error instanceof UsageError) return { code: 'USAGE', message: error.message, hint: error.hint }
  if (error instanceof WaybillError) {
    const { code, message, status, errors, requestId, export: ended } = error
    return { code, message, hint: hintOf(error), details: { status, requestId, errors, export: ended } }
  }
  if (isSystemError(error)) return { code: error.code ?? 'FILE', message: error.message }
  // A fault of ours: whoever reports it needs all of it.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'INTERNAL', message: text }
}

function hintOf({ code, export: ended }: WaybillError): string | undefined {
  if (ended?.status === 'failed') return `waybill get ${ended.id} says more`
  switch (code) {
    case 'UNAUTHENTICATED':
      return 'waybill login takes another key'
    case 'FILE_EXISTS':
      return 'With --force it is replaced.'
    case 'NETWORK':
    case 'UNEXPECTED_ANSWER':
      return 'The server is the one of --url, WAYBILL_URL or waybill login.'
    default:
      return undefined
  }
}
