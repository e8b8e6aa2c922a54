// The performance targets, and the check of results against them.
import type { BenchResult, Latency, MemoryOfExport, Scale, Speed, SpeedOfFormat } from './results.ts'
import { median } from './statistics.ts'

/** The duration as a multiple of COPY. */
const RATIOS: Readonly<Record<string, number>> = { csv: 1.8, json: 1.8, ndjson: 1.8, xlsx: 3, 'csv.gz': 2 }
/** The CPU time of the worker for a million rows. */
const CPU_SECONDS: Readonly<Record<string, number>> = { csv: 3.5, json: 4, ndjson: 4, xlsx: 8 }
/** The ratios apply from this many rows on. With fewer rows, the fixed cost of an export is a larger part. */
const RATIO_ROWS = 1_000_000
const PEAK_BYTES = 250e6
/** The peak memory of the longest file divided by that of the shortest, by the medians of their runs. */
const GROWTH = 1.1
const LATENCY_MS: Readonly<Record<string, number>> = { postgres: 40, redis: 30 }
/** Small exports a second, by one worker. */
export const SMALL_EXPORTS_PER_SECOND = 40
/** The time of five times the rows, over five times the time. */
const SCALE_MARGIN = 1.06

/** One line for each missed target. */
export function missedTargets({ speed, latency = [], memory = [], slowStorage, scale }: BenchResult): string[] {
  return [
    ...(speed === undefined ? [] : slow(speed)),
    ...latency.flatMap(late),
    ...large(memory),
    ...large(slowStorage?.memory ?? []).map((line) => `with a slow storage, ${line}`),
    ...(scale === undefined ? [] : superlinear(scale)),
  ]
}

/** The ratio of a format; undefined if it has no target. */
export function ratioTarget(format: string): number | undefined {
  return RATIOS[format]
}

/** Seconds for a million rows; undefined if the format has no target. */
export function cpuTarget(format: string): number | undefined {
  return CPU_SECONDS[format]
}

export function latencyTarget(queue: string): number | undefined {
  return LATENCY_MS[queue]
}

/** The CPU time of the worker for a million rows; undefined if the system does not provide it. */
export function cpuPerMillion(rows: number, { cpuSeconds }: SpeedOfFormat): number | undefined {
  const known = cpuSeconds.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : median(known) / (rows / 1e6)
}

/**
 * The peak of the last size divided by that of the first, by their medians; undefined if one has no values.
 *
 * @param peaks the bytes of every run, as a list for each size
 */
export function growthOf(peaks: readonly (readonly number[])[]): number | undefined {
  const first = peaks[0] ?? []
  const last = peaks.at(-1) ?? []
  return first.length === 0 || last.length === 0 ? undefined : median(last) / median(first)
}

/** Compares each run with the COPY before it, because the speed of a machine changes within minutes. */
export function timesFloor({ seconds, floorSeconds }: Pick<SpeedOfFormat, 'seconds' | 'floorSeconds'>): number {
  return median(seconds) / median(floorSeconds)
}

/** How many times as long the largest table takes as the smallest, and how many times it may take. */
export function scaleOf({ sizes }: Scale): { readonly times: number; readonly target: number } | undefined {
  const [first, last] = [sizes[0], sizes.at(-1)]
  if (first === undefined || last === undefined || first === last) return undefined
  return { times: median(last.seconds) / median(first.seconds), target: (last.rows / first.rows) * SCALE_MARGIN }
}

function superlinear(scale: Scale): string[] {
  const found = scaleOf(scale)
  if (found === undefined || found.times <= found.target) return []
  const { times, target } = found
  const rows = scale.sizes.at(-1)?.rows.toLocaleString('en')
  return [`${rows} rows take ${times.toFixed(2)} times as long as the least; the target is ${target.toFixed(1)}`]
}

function slow({ rows, exports }: Speed): string[] {
  if (rows < RATIO_ROWS) return []
  return exports.flatMap((speed) => {
    const { format } = speed
    const missed: string[] = []
    const [ratio, target] = [timesFloor(speed), ratioTarget(format)]
    if (target !== undefined && ratio > target) {
      missed.push(`${format} takes ${ratio.toFixed(2)} times as long as COPY; the target is ${target}`)
    }
    const [cpu, most] = [cpuPerMillion(rows, speed), cpuTarget(format)]
    if (cpu !== undefined && most !== undefined && cpu > most) {
      missed.push(`${format} takes ${cpu.toFixed(1)} CPU seconds for a million rows; the target is ${most}`)
    }
    return missed
  })
}

function late({ queue, milliseconds, perSecond }: Latency): string[] {
  const missed: string[] = []
  const middle = median(milliseconds)
  const target = latencyTarget(queue)
  if (target !== undefined && middle > target) {
    missed.push(
      `a small export, queue on ${queue}, takes ${middle.toFixed(0)} ms at the median; the target is ${target} ms`,
    )
  }
  if (perSecond < SMALL_EXPORTS_PER_SECOND) {
    missed.push(
      `one worker, queue on ${queue}, completes ${perSecond.toFixed(0)} small exports a second; the target is ${SMALL_EXPORTS_PER_SECOND}`,
    )
  }
  return missed
}

function large(memory: readonly MemoryOfExport[]): string[] {
  return [...new Set(memory.map(({ format }) => format))].flatMap((format) => {
    const peaks = memory.filter((export_) => export_.format === format).map(({ peakBytes }) => peakBytes)
    const missed: string[] = []
    const most = Math.max(...peaks.flat())
    if (most >= PEAK_BYTES) {
      missed.push(`${format} takes ${Math.round(most / 1e6)} MB of memory; the target is ${PEAK_BYTES / 1e6} MB`)
    }
    const growth = growthOf(peaks)
    if (growth !== undefined && growth > GROWTH) {
      const percent = ((growth - 1) * 100).toFixed(0)
      missed.push(`${format} takes ${percent} % more memory for the longest file; the target is 10 %`)
    }
    return missed
  })
}
