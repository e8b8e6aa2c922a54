// The command line options of the benchmark.
import { parseArgs } from 'node:util'
import type { FormatName } from '../../packages/shared/src/vocabulary/export.ts'

/** The name of a format. The suffix `.gz` means a compressed file. */
export interface FormatChoice {
  readonly name: string
  readonly format: FormatName
  readonly compression: 'none' | 'gzip'
}

const PARTS = ['speed', 'latency', 'memory', 'scale'] as const
export type Part = (typeof PARTS)[number]

export interface BenchOptions {
  /** The number of user points for the part `speed`. */
  readonly rows: number
  readonly formats: readonly FormatChoice[]
  readonly queue: 'postgres' | 'redis'
  /** The number of runs of each measurement of speed and memory. Results are medians. */
  readonly repeat: number
  /** The numbers of rows for the part `memory`, ascending. */
  readonly memoryRows: readonly number[]
  readonly parts: ReadonlySet<Part>
  /** A path for all results as JSON. */
  readonly json: string | undefined
  /** A directory for CPU profiles of the worker. Nothing else is measured then. */
  readonly profile: string | undefined
  /** False: missed targets are shown, but the exit code is 0. */
  readonly targets: boolean
  /** Settings of the API and the worker, by name. */
  readonly settings: Readonly<Record<string, string>>
  /** Flags of Node for the worker; undefined: those of `npm run worker`. */
  readonly workerFlags: readonly string[] | undefined
}

/** An invalid command line. The message is shown to the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `npm run bench -- [options]

  --speed --latency --memory --scale   only these parts; default: all four
  --rows N                       user points of the speed part (1000000)
  --formats csv,json,…           csv, json, ndjson, xlsx, and csv.gz, json.gz, ndjson.gz (csv,json,ndjson,xlsx,csv.gz)
  --queue postgres|redis         where the queue lives; the latency part measures Postgres in any case (postgres)
  --repeat N                     runs of each measurement of speed and memory; the median counts (3)
  --memory-rows N,N              rows of the exports whose memory is measured (300000,5000000)
  --json FILE                    everything measured, as JSON
  --profile DIR                  instead of measuring: a CPU profile of the worker for each format
  --no-targets                   exit 0 although a target is missed
  --set NAME=VALUE               a setting of API and worker, as often as needed
  --worker-flags="--x --y"       Node's flags for the worker instead of those of \`npm run worker\``

const FORMATS: readonly FormatChoice[] = [
  ...(['csv', 'json', 'ndjson', 'xlsx'] as const).map((name) => choice(name, name, 'none')),
  ...(['csv', 'json', 'ndjson'] as const).map((name) => choice(`${name}.gz`, name, 'gzip')),
]

function choice(name: string, format: FormatName, compression: 'none' | 'gzip'): FormatChoice {
  return { name, format, compression }
}

/** @throws UsageError */
export function parseOptions(args: readonly string[]): BenchOptions {
  const values = parse(args)
  const asked = PARTS.filter((part) => values[part])
  return {
    rows: count('--rows', values.rows),
    formats: list(values.formats).map(formatNamed),
    queue: queueNamed(values.queue),
    repeat: count('--repeat', values.repeat),
    memoryRows: list(values['memory-rows'])
      .map((text) => count('--memory-rows', text))
      .sort((a, b) => a - b),
    parts: new Set(asked.length === 0 ? PARTS : asked),
    json: values.json,
    profile: values.profile,
    targets: !values['no-targets'],
    settings: Object.fromEntries(values.set.map(setting)),
    workerFlags: values['worker-flags']?.split(' ').filter((flag) => flag !== ''),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rows: { type: 'string', default: '1000000' },
        formats: { type: 'string', default: 'csv,json,ndjson,xlsx,csv.gz' },
        queue: { type: 'string', default: 'postgres' },
        repeat: { type: 'string', default: '3' },
        'memory-rows': { type: 'string', default: '300000,5000000' },
        speed: { type: 'boolean', default: false },
        latency: { type: 'boolean', default: false },
        memory: { type: 'boolean', default: false },
        scale: { type: 'boolean', default: false },
        json: { type: 'string' },
        profile: { type: 'string' },
        'no-targets': { type: 'boolean', default: false },
        set: { type: 'string', multiple: true, default: [] as string[] },
        'worker-flags': { type: 'string' },
      },
    }).values
  } catch (error) {
    // The message of parseArgs names the option.
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function list(text: string): string[] {
  return text.split(',').map((item) => item.trim())
}

function count(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${option} must be a whole number from 1 on, not "${text}"`)
  return Number(text)
}

function formatNamed(name: string): FormatChoice {
  const found = FORMATS.find((format) => format.name === name)
  if (found === undefined) {
    throw new UsageError(`--formats: there is no "${name}", but ${FORMATS.map((format) => format.name).join(', ')}`)
  }
  return found
}

function queueNamed(name: string): 'postgres' | 'redis' {
  if (name === 'postgres' || name === 'redis') return name
  throw new UsageError(`--queue must be postgres or redis, not "${name}"`)
}

function setting(text: string): [string, string] {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new UsageError(`--set must be NAME=VALUE, not "${text}"`)
  return [name, value]
}
