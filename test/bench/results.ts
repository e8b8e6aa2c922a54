// The results of the benchmark, which `--json` writes and the tables show.
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
  /** `COPY` of the same query to a file on the server, before each export. */
  readonly floor: { readonly seconds: readonly number[]; readonly bytes: number }
  /** All rows in memory, joined to one text, written to a file. */
  readonly atOnce: { readonly seconds: number; readonly peakBytes: number | undefined; readonly bytes: number }
  /** With a storage that needs almost no CPU time, so that the worker is measured. */
  readonly exports: readonly SpeedOfFormat[]
  /** With the embedded S3 server, on the same disk and CPUs. Each file is downloaded and checked. */
  readonly embedded: readonly Pick<SpeedOfFormat, 'format' | 'seconds' | 'floorSeconds'>[]
  readonly priorArt: readonly PriorArt[]
}

/** The same rows with other tools, with the storage that needs almost no CPU time. */
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
  /** The time of the COPY before each run. */
  readonly floorSeconds: readonly number[]
  readonly bytes: number
  /** The CPU time of the worker, of every run; undefined if the system does not provide it. */
  readonly cpuSeconds: readonly (number | undefined)[]
  /** The CPU time of all processes of the database server, of every run. */
  readonly databaseCpuSeconds: readonly (number | undefined)[]
  /** The largest peak memory of the worker. */
  readonly peakBytes: number | undefined
}

export interface Latency {
  readonly queue: string
  readonly rows: number
  /** The times from POST to completed, ascending. */
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
  /** The peak memory of a new worker, of every run; empty if the system does not provide it. */
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
