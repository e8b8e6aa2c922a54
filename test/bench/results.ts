// What the benchmark finds out: the shape of `--json`, and what the table shows.
import { cpus, totalmem } from 'node:os'

export interface BenchResult {
  readonly measuredAt: string
  readonly machine: Machine
  readonly speed?: Speed
  readonly latency?: readonly Latency[]
  readonly memory?: readonly MemoryOfExport[]
  /** With a storage that takes so many bytes a second. */
  readonly slowStorage?: { readonly bytesPerSecond: number; readonly memory: readonly MemoryOfExport[] }
  readonly scale?: Scale
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly platform: string
  readonly node: string
  readonly postgres: string
  readonly workerFlags: readonly string[]
  readonly settings: Readonly<Record<string, string>>
}

export interface Speed {
  readonly rows: number
  readonly queue: string
  /** `COPY` of the same query to a file, by the server itself; once before each export. */
  readonly floor: { readonly seconds: readonly number[]; readonly bytes: number }
  /** All rows into memory, then into one text, then to a file. */
  readonly atOnce: { readonly seconds: number; readonly peakBytes: number | undefined; readonly bytes: number }
  /** Into a storage that costs next to nothing: what is measured is the worker. */
  readonly exports: readonly SpeedOfFormat[]
  /** Into the embedded S3 server, which writes to the same disk with the same CPUs; each file read back and checked. */
  readonly embedded: readonly Pick<SpeedOfFormat, 'format' | 'seconds' | 'floorSeconds'>[]
  readonly priorArt: readonly PriorArt[]
}

/** The same rows by other means, into the storage that costs next to nothing. */
export interface PriorArt {
  readonly name: string
  readonly seconds: number
  readonly bytes: number
  readonly cpuSeconds?: number
  readonly peakBytes: number
}

export interface SpeedOfFormat {
  readonly format: string
  /** POST to completed, of every run. */
  readonly seconds: readonly number[]
  /** Of the floor just before each run. */
  readonly floorSeconds: readonly number[]
  readonly bytes: number
  /** Of the worker, of every run; undefined where the system does not tell. */
  readonly cpuSeconds: readonly (number | undefined)[]
  /** Of the database server, all of its processes, of every run. */
  readonly databaseCpuSeconds: readonly (number | undefined)[]
  /** Of the worker, the largest of all runs. */
  readonly peakBytes: number | undefined
}

export interface Latency {
  readonly queue: string
  readonly rows: number
  /** POST to completed, ascending. */
  readonly milliseconds: readonly number[]
  /** Exports that one worker completes in a second while others wait. */
  readonly perSecond: number
}

/** How the time grows with the table: the whole table is exported each time. */
export interface Scale {
  readonly format: string
  /** Ascending. */
  readonly sizes: readonly { readonly rows: number; readonly seconds: readonly number[] }[]
}

export interface MemoryOfExport {
  readonly format: string
  readonly rows: number
  /** POST to completed, of every run. */
  readonly seconds: readonly number[]
  /** Of every run, a worker that did nothing else since it started; none where the system does not tell. */
  readonly peakBytes: readonly number[]
}

export function describeMachine(): Pick<Machine, 'cpu' | 'cores' | 'memoryBytes' | 'platform' | 'node'> {
  const all = cpus()
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  }
}
