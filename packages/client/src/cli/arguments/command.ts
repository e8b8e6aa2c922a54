// The declaration of a command: name, flags, help and action.
import type { Context } from '../context.ts'

export interface Flag {
  /** `text` takes a value, `texts` can be given several times, `switch` takes no value. */
  readonly type: 'text' | 'texts' | 'switch'
  readonly short?: string
  /** The name of the value in the help: FILE. */
  readonly value?: string
  readonly description: string
  /** The allowed values. */
  readonly choices?: readonly string[]
}

export type Flags = Readonly<Record<string, Flag>>

export interface Argument {
  readonly name: string
  readonly description: string
  readonly isOptional?: boolean
  /** Takes all remaining arguments. */
  readonly isList?: boolean
}

export interface Example {
  readonly line: string
  readonly description: string
}

export type Values<F extends Flags> = {
  readonly [Name in keyof F]: F[Name]['type'] extends 'switch'
    ? boolean
    : F[Name]['type'] extends 'texts'
      ? readonly string[]
      : string | undefined
}

export interface Call<F extends Flags = Flags> {
  readonly arguments: readonly string[]
  readonly flags: Values<F>
  /** Flags that the command does not declare, which may be filters of the dataset: `--game game-1`. */
  readonly others: ReadonlyMap<string, string>
  readonly context: Context
}

export interface Command<F extends Flags = Flags> {
  /** One word, or two: `keys create`. */
  readonly name: string
  readonly summary: string
  /** Paragraphs of the help, after the summary. */
  readonly details?: readonly string[]
  readonly arguments?: readonly Argument[]
  readonly flags: F
  /** Accepts undeclared flags as filters of the dataset. */
  readonly takesFilters?: boolean
  readonly examples: readonly Example[]
  run(call: Call<F>): Promise<void>
}

/** Declares a command, so that the types of its flags and values match. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command<F> {
  return command
}

/** The flags of every command. */
export const GLOBAL_FLAGS = {
  url: {
    type: 'text',
    value: 'URL',
    description: 'address of the server (default: WAYBILL_URL, the config file, http://localhost:8080)',
  },
  key: { type: 'text', value: 'KEY', description: 'API key (default: WAYBILL_API_KEY, the config file)' },
  json: { type: 'switch', description: 'print only JSON: results to standard output, errors to standard error' },
  quiet: { type: 'switch', short: 'q', description: 'hide progress and messages' },
  help: { type: 'switch', short: 'h', description: 'show this help' },
} as const satisfies Flags
