// The command line: finds the command, runs it and returns the exit code.

import { WaybillError } from '../http/errors.ts'
import { readArguments } from './arguments/read-arguments.ts'
import { UsageError } from './arguments/usage-error.ts'
import { COMMANDS, findCommand, SECTIONS } from './commands.ts'
import { COMPLETION_HELP, completionScript } from './completion.ts'
import { createContext } from './context.ts'
import { readEnvironment } from './environment.ts'
import { exitCodeOf, isSystemError } from './exit-codes.ts'
import { helpOf, helpOfAll, helpOfExitCodes } from './help.ts'
import { escapeControls, replaceControls, replaceControlsInLine } from './terminal/controls.ts'
import { Interrupted } from './terminal/interrupt.ts'
import { createOutput } from './terminal/output.ts'
import { ServerUnreachable } from './unreachable.ts'
import { VERSION } from './version.ts'

/** @param argv the arguments after `waybill` @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  // `waybill list | head` closes the pipe early. This is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  // Needed before parsing, so that a parse error is printed in the right format.
  const isJson = argv.includes('--json')
  try {
    await run(argv)
    return 0
  } catch (error) {
    report(error, isJson)
    return exitCodeOf(error)
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const print = (text: string) => void process.stdout.write(`${text}\n`)
  const [first = '--help', second] = argv
  if (first === '--version' || first === '-v') return print(VERSION)
  if (first === '--help' || first === '-h' || (first === 'help' && second === undefined))
    return print(helpOfAll(SECTIONS))
  const isHelp = argv.includes('--help') || argv.includes('-h') || first === 'help'
  if ((first === 'help' ? second : first) === 'completion') {
    if (isHelp) return print(COMPLETION_HELP)
    return void process.stdout.write(completionScript(second, COMMANDS))
  }
  if (first === 'help' && second === 'exit-codes') return print(helpOfExitCodes())
  if (first === 'help') return print(helpOf(findCommand(argv.slice(1)).command))
  if (first.startsWith('-'))
    throw new UsageError('The command must come first: waybill COMMAND [flags]', 'Run "waybill --help" for a list.')

  const { command, rest } = findCommand(argv)
  const { globals, ...read } = readArguments(command, rest)
  if (globals.help) return print(helpOf(command))
  const environment = readEnvironment()
  const output = createOutput({ isJson: globals.json, isQuiet: globals.quiet, noColor: environment.noColor })
  await command.run({ ...read, context: createContext(environment, output, globals) })
}

function report(error: unknown, isJson: boolean): void {
  const print = (text: string) => void process.stderr.write(`${replaceControls(text)}\n`)
  const printJson = (value: unknown) => print(escapeControls(JSON.stringify({ error: value })))
  if (error instanceof Interrupted) {
    if (error.advice !== undefined && !isJson) print(error.advice)
    if (isJson) printJson({ code: 'INTERRUPTED', message: error.advice ?? 'Interrupted.' })
    return
  }
  const { code, message, hint, details } = describe(error)
  if (isJson) {
    printJson({ code, message, ...details })
    return
  }
  // A message from a server has one line, so that it cannot look like our hint.
  const shown =
    error instanceof WaybillError || error instanceof ServerUnreachable ? replaceControlsInLine(message) : message
  print(hint === undefined ? `waybill: ${shown}` : `waybill: ${shown}\n  ${hint}`)
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
  if (error instanceof ServerUnreachable) {
    const { cause, message, hint, exportId } = error
    return { code: cause.code, message, hint, details: { status: cause.status, exportId, hint } }
  }
  if (error instanceof WaybillError) {
    const { code, message, status, errors, requestId, export: ended } = error
    return { code, message, hint: hintOf(error), details: { status, requestId, errors, export: ended } }
  }
  if (isSystemError(error)) return { code: error.code ?? 'FILE', message: error.message }
  // A bug: the report needs the stack.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'INTERNAL', message: text }
}

function hintOf({ code, export: ended }: WaybillError): string | undefined {
  if (ended?.status === 'failed') return `Run "waybill get ${ended.id}" for details.`
  switch (code) {
    case 'UNAUTHENTICATED':
      return 'Run "waybill login" to use another key.'
    case 'FILE_EXISTS':
      return 'Use --force to overwrite it.'
    case 'NETWORK':
    case 'UNEXPECTED_ANSWER':
      return 'The address comes from --url, WAYBILL_URL or "waybill login".'
    default:
      return undefined
  }
}
