// What the service promises, and which of it a result does not keep.
import type { BenchResult, Latency, MemoryOfExport, Speed, SpeedOfFormat } from './results.ts'
import { median } from './statistics.ts'

/** Times the floor, by the start of the format's name. The table in docs/performance.md says why these. */
const RATIOS: Readonly<Record<string, number>> = { csv: 3.5, json: 4, ndjson: 4, xlsx: 9 }
/** The ratios are promised for so many rows: with fewer, what every export costs once weighs more. */
const RATIO_ROWS = 1_000_000
const PEAK_BYTES = 400e6
/** Of the longest file over the shortest, both at the median of their runs. */
const GROWTH = 1.1
const LATENCY_MS = 100

/** One line for each target that is missed. */
export function missedTargets({ speed, latency = [], memory = [] }: BenchResult): string[] {
  return [...(speed === undefined ? [] : slow(speed)), ...latency.flatMap(late), ...large(memory)]
}

/** Undefined for compressed files, for which nothing is promised. */
export function ratioTarget(format: string): number | undefined {
  return RATIOS[format]
}

/**
 * The last size over the first, both at their medians; undefined when there are no figures of one.
 *
 * @param peaks bytes of every run, a list for each size
 */
export function growthOf(peaks: readonly (readonly number[])[]): number | undefined {
  const first = peaks[0] ?? []
  const last = peaks.at(-1) ?? []
  return first.length === 0 || last.length === 0 ? undefined : median(last) / median(first)
}

/** By the floors that were measured between its runs: the speed of a machine changes within minutes. */
export function timesFloor({ seconds, floorSeconds }: SpeedOfFormat): number {
  return median(seconds) / median(floorSeconds)
}

function slow({ rows, exports }: Speed): string[] {
  if (rows < RATIO_ROWS) return []
  return exports.flatMap((speed) => {
    const { format } = speed
    const target = ratioTarget(format)
    const ratio = timesFloor(speed)
    if (target === undefined || ratio <= target) return []
    return [`${format} takes ${ratio.toFixed(2)} times as long as COPY; the target is ${target}`]
  })
}

function late({ queue, milliseconds }: Latency): string[] {
  const middle = median(milliseconds)
  // Redis is for scale; the promise is made for the queue that every installation has.
  if (queue !== 'postgres' || middle <= LATENCY_MS) return []
  return [`a small export takes ${middle.toFixed(0)} ms at the median; the target is ${LATENCY_MS} ms`]
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
