// What a command is: its words, its flags, its help and what it does.
import type { Context } from '../context.ts'

export interface Flag {
  /** `text` takes a value, `texts` may come several times, `switch` is there or not. */
  readonly type: 'text' | 'texts' | 'switch'
  readonly short?: string
  /** How help calls the value: FILE. */
  readonly value?: string
  readonly description: string
  /** All that it may be. */
  readonly choices?: readonly string[]
}

export type Flags = Readonly<Record<string, Flag>>

export interface Argument {
  readonly name: string
  readonly description: string
  readonly isOptional?: boolean
  /** Takes all that follow. */
  readonly isList?: boolean
}

export interface Example {
  readonly line: string
  readonly says: string
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
  /** Flags that are not of the command but may be of the dataset: `--game game-1`. */
  readonly others: ReadonlyMap<string, string>
  readonly context: Context
}

export interface Command<F extends Flags = Flags> {
  /** One word, or two: `keys create`. */
  readonly name: string
  readonly summary: string
  /** Paragraphs for its help, after the summary. */
  readonly details?: readonly string[]
  readonly arguments?: readonly Argument[]
  readonly flags: F
  /** Takes flags that it does not know: they are the dataset's. */
  readonly takesFilters?: boolean
  readonly examples: readonly Example[]
  run(call: Call<F>): Promise<void>
}

/** Declares a command; only keeps its flags and the values that it is given together. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command<F> {
  return command
}

/** Those of every command. */
export const GLOBAL_FLAGS = {
  url: {
    type: 'text',
    value: 'URL',
    description: 'the server (default: WAYBILL_URL, the config file, http://localhost:8080)',
  },
  key: { type: 'text', value: 'KEY', description: 'the API key (default: WAYBILL_API_KEY, the config file)' },
  json: { type: 'switch', description: 'JSON on standard output, errors as JSON on standard error, and nothing else' },
  quiet: { type: 'switch', short: 'q', description: 'no progress and no remarks' },
  help: { type: 'switch', short: 'h', description: 'this help' },
} as const satisfies Flags
