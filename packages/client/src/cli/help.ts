// The help texts: the overview, each command, the exit codes.
import { type Argument, type Command, type Flag, type Flags, GLOBAL_FLAGS } from './arguments/command.ts'
import { EXIT_CODES } from './exit-codes.ts'

const WIDTH = 96

export interface Section {
  readonly title: string
  readonly commands: readonly Command[]
}

export function helpOfAll(sections: readonly Section[]): string {
  const all = sections.flatMap(({ commands }) => commands)
  const column = Math.max(...all.map((command) => words(command).length)) + 2
  return [
    'waybill: export a database to files, with an audit trail.',
    '',
    'Usage: waybill COMMAND [flags]',
    ...sections.flatMap(({ title, commands }) => [
      '',
      title,
      ...commands.map((command) => item(words(command), command.summary, column)),
    ]),
    '',
    'Getting started',
    item('waybill login', 'Save the server and your key', 54),
    item('waybill datasets', 'List the available datasets', 54),
    item('waybill export user-points --format xlsx --from 30d', 'Export the last 30 days', 54),
    '',
    'Global flags',
    ...flagLines(GLOBAL_FLAGS),
    '',
    'Run "waybill COMMAND --help" for details of a command, "waybill help exit-codes" for the exit codes.',
    'Run "waybill completion --help" for the completion of commands and flags in your shell.',
  ].join('\n')
}

export function helpOf(command: Command): string {
  const { name, summary, details = [], flags, examples, takesFilters } = command
  const filters = takesFilters ? ['[--FILTER VALUE …]'] : []
  const usage = ['waybill', name, ...(command.arguments ?? []).map(written), ...filters, '[flags]'].join(' ')
  return [
    ...wrap(`waybill ${name}: ${summary}.`, 0),
    '',
    `Usage: ${usage}`,
    ...details.flatMap((paragraph) => ['', ...wrap(paragraph, 0)]),
    ...titled(
      'Arguments',
      (command.arguments ?? []).map((argument) => item(argument.name, argument.description, 16)),
    ),
    ...titled('Flags', flagLines(flags)),
    ...titled(
      'Examples',
      examples.flatMap(({ line, description }) => [`  ${line}`, `      ${description}`]),
    ),
    '',
    'Global flags: --url, --key, --json, --quiet, --help. Run "waybill --help" for details.',
  ].join('\n')
}

export function helpOfExitCodes(): string {
  const lines = Object.values(EXIT_CODES).map(({ code, meaning }) => item(String(code), meaning, 5))
  return ['Exit codes:', '', ...lines].join('\n')
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines]
}

function words(command: Command): string {
  return [command.name, ...(command.arguments ?? []).map(written)].join(' ')
}

function written({ name, isOptional, isList }: Argument): string {
  const text = isList ? `${name} …` : name
  return isOptional ? `[${text}]` : text
}

function flagLines(flags: Flags): string[] {
  const lines = Object.entries(flags).map(([name, flag]) => [flagName(name, flag), describe(flag)] as const)
  const column = Math.min(30, Math.max(0, ...lines.map(([name]) => name.length)) + 2)
  return lines.map(([name, text]) => item(name, text, column))
}

function flagName(name: string, { short, type, value = 'VALUE' }: Flag): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${type === 'switch' ? '' : ` ${value}`}`
}

function describe({ description, choices }: Flag): string {
  return choices === undefined ? description : `${description}: ${choices.join(', ')}`
}

function item(left: string, right: string, column: number): string {
  const [first = '', ...rest] = wrap(right, column + 2)
  const head =
    left.length >= column ? `  ${left}\n${' '.repeat(column + 2)}${first}` : `  ${left.padEnd(column)}${first}`
  return [head, ...rest.map((line) => `${' '.repeat(column + 2)}${line}`)].join('\n')
}

function wrap(text: string, indent: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH - indent) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
