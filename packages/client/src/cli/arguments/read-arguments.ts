// Parses the arguments of a command by its declaration, with precise error messages.
import { parseArgs } from 'node:util'
import { type Command, type Flag, type Flags, GLOBAL_FLAGS, type Values } from './command.ts'
import { didYouMean } from './suggest.ts'
import { UsageError } from './usage-error.ts'

export interface Read {
  readonly arguments: readonly string[]
  readonly flags: Values<Flags>
  readonly globals: Values<typeof GLOBAL_FLAGS>
  readonly others: ReadonlyMap<string, string>
}

/** @param words the arguments after the name of the command @throws UsageError */
export function readArguments(command: Command, words: readonly string[]): Read {
  const known: Flags = { ...GLOBAL_FLAGS, ...command.flags }
  const unknown = tokens(words, known, []).flatMap(({ kind, name }) =>
    kind === 'option' && !Object.hasOwn(known, name) ? [name] : [],
  )
  const refused = unknown.find((name) => command.takesFilters !== true || name.length === 1)
  if (refused !== undefined) throw unknownFlag(refused, known, command)

  const given = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens(words, known, unknown)) {
    if (token.kind === 'positional') positionals.push(token.value)
    else if (token.kind === 'option') {
      const value = check(token, known[token.name] ?? { type: 'text', value: 'VALUE', description: '' })
      given.set(token.name, [...(given.get(token.name) ?? []), value])
    }
  }
  for (const name of unknown) if ((given.get(name)?.length ?? 0) > 1) throw new UsageError(`--${name} was given twice`)
  // With --help, missing arguments are no error.
  if (!given.has('help')) checkArguments(command, positionals)
  return {
    arguments: positionals,
    flags: values(command.flags, given),
    globals: values(GLOBAL_FLAGS, given) as Read['globals'],
    others: new Map(unknown.map((name) => [name, given.get(name)?.[0] ?? ''])),
  }
}

interface Token {
  readonly kind: 'option' | 'positional' | 'option-terminator'
  /** The name of an option, without dashes. */
  readonly name: string
  /** As typed: `--json`, `-q`. */
  readonly raw: string
  readonly value: string
  readonly hasValue: boolean
  /** `--name=value`. */
  readonly inline: boolean
}

/** Parsed by Node, with clusters, `--name=value` and `--`. Unknown flags are assumed to have a value. */
function tokens(words: readonly string[], known: Flags, unknown: readonly string[]): Token[] {
  const options = Object.fromEntries([
    ...unknown.map((name) => [name, { type: 'string' as const }]),
    ...Object.entries(known).map(([name, { type, short }]) => [
      name,
      {
        type: type === 'switch' ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  ])
  const parsed = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true })
  return parsed.tokens.map((token) => ({
    kind: token.kind,
    name: token.kind === 'option' ? token.name : '',
    raw: token.kind === 'option' ? token.rawName : '',
    value: token.kind === 'option-terminator' ? '' : (token.value ?? ''),
    hasValue: token.kind === 'option' && token.value !== undefined,
    inline: token.kind === 'option' && token.inlineValue === true,
  }))
}

function check({ raw, value, hasValue, inline }: Token, flag: Flag): string {
  if (flag.type === 'switch') {
    if (hasValue) throw new UsageError(`${raw} takes no value, but "${value}" was given`)
    return ''
  }
  const isFlag = !inline && /^-./.test(value)
  if (!hasValue || isFlag) {
    const hint = isFlag ? `If the value starts with a dash: ${raw}=${value}` : undefined
    throw new UsageError(`${raw} needs a value: ${raw} ${flag.value ?? 'VALUE'}`, hint)
  }
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    throw new UsageError(
      `${raw} must be one of ${flag.choices.join(', ')}, not "${value}".${didYouMean(value, flag.choices)}`,
    )
  }
  return value
}

function unknownFlag(name: string, known: Flags, command: Command): UsageError {
  const typed = name.length === 1 ? `-${name}` : `--${name}`
  const meant = name.length === 1 ? '' : didYouMean(name, Object.keys(known), '--')
  return new UsageError(
    `unknown flag ${typed} for "waybill ${command.name}".${meant}`,
    `Run "waybill ${command.name} --help" for usage.`,
  )
}

function checkArguments(command: Command, given: readonly string[]): void {
  const wanted = command.arguments ?? []
  const missing = wanted[given.length]
  if (missing !== undefined && missing.isOptional !== true && !(missing.isList && given.length >= wanted.length)) {
    throw new UsageError(
      `waybill ${command.name} needs ${missing.name}: ${missing.description}`,
      `Run "waybill ${command.name} --help" for usage.`,
    )
  }
  const extra = wanted.some(({ isList }) => isList) ? undefined : given[wanted.length]
  if (extra !== undefined) {
    throw new UsageError(
      `unexpected argument "${extra}" for "waybill ${command.name}"`,
      `Run "waybill ${command.name} --help" for usage.`,
    )
  }
}

function values(flags: Flags, given: ReadonlyMap<string, readonly string[]>): Values<Flags> {
  return Object.fromEntries(
    Object.entries(flags).map(([name, { type }]) => {
      const found = given.get(name)
      if (type === 'switch') return [name, found !== undefined]
      return [name, type === 'texts' ? (found ?? []) : found?.at(-1)]
    }),
  )
}
