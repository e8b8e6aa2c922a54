// The evaluation of the measurements: every missed target is reported.
import { describe, expect, test } from 'vitest'
import { table } from '../../bench/report.ts'
import type { BenchResult } from '../../bench/results.ts'
import { median, percentile } from '../../bench/statistics.ts'
import { missedTargets } from '../../bench/targets.ts'

describe('statistics', () => {
  test('the median is the middle value, or between the two middle values, in any order', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([10, 2, 1, 4])).toBe(3)
    expect(median([7])).toBe(7)
  })

  test('a percentile is one of the values: the first that so many do not exceed', () => {
    const values = Array.from({ length: 50 }, (_, index) => 50 - index)
    expect(percentile(values, 95)).toBe(48)
    expect(percentile(values, 100)).toBe(50)
    expect(percentile([3], 95)).toBe(3)
  })

  test('no measurement is an error, not a zero', () => {
    expect(() => median([])).toThrow(RangeError)
    expect(() => percentile([], 95)).toThrow(RangeError)
  })
})

const machine: BenchResult['machine'] = {
  ...{ cpu: '', cores: 2, memoryBytes: 0, platform: '', node: '', postgres: '' },
  ...{ workerFlags: [], settings: {} },
}
const nothing: BenchResult = { measuredAt: '2026-01-01T00:00:00Z', machine }

function speed(rows: number, format: string, seconds: number[], floorSeconds = [1, 2, 30]): BenchResult {
  const format_ = { format, seconds, floorSeconds, bytes: 1, cpuSeconds: [1], databaseCpuSeconds: [1], peakBytes: 1 }
  const atOnce = { seconds: 1, peakBytes: 1, bytes: 1 }
  return {
    ...nothing,
    speed: {
      ...{ rows, queue: 'postgres', floor: { seconds: floorSeconds, bytes: 1 }, atOnce },
      ...{ exports: [format_], embedded: [], priorArt: [] },
    },
  }
}

function memory(...peaks: number[][]): BenchResult {
  return {
    ...nothing,
    memory: peaks.map((peakBytes, index) => ({ format: 'csv', rows: index + 1, seconds: [1], peakBytes })),
  }
}

describe('targets', () => {
  test('compare medians: one slow or fast run of three does not change the result', () => {
    expect(missedTargets(speed(1_000_000, 'csv', [3.5, 3.6, 700]))).toEqual([])
    expect(missedTargets(speed(1_000_000, 'csv', [1, 3.8, 3.8]))).toEqual([
      'csv takes 1.90 times as long as COPY; the target is 1.8',
    ])
  })

  test('compare an export with the floors between its own runs', () => {
    const { speed: csv } = speed(1_000_000, 'csv', [3.5], [2])
    if (csv === undefined) throw new Error('no speed')
    const others = { ...csv, floor: { ...csv.floor, seconds: [1, 1, 1, 2] } }
    expect(missedTargets({ ...nothing, speed: others })).toEqual([])
  })

  test('hold each format to its own ratio, and those without one to none', () => {
    expect(missedTargets(speed(1_000_000, 'xlsx', [5.9]))).toEqual([])
    expect(missedTargets(speed(1_000_000, 'xlsx', [6.1]))).toHaveLength(1)
    expect(missedTargets(speed(1_000_000, 'json.gz', [99]))).toEqual([])
  })

  test('promise no ratio for fewer than a million rows', () => {
    expect(missedTargets(speed(999_999, 'csv', [99]))).toEqual([])
  })

  test('hold the CPU time to a million rows, whatever the rows', () => {
    const { speed: csv } = speed(2_000_000, 'csv', [1])
    if (csv === undefined) throw new Error('no speed')
    const taking = (seconds: number) =>
      missedTargets({
        ...nothing,
        speed: { ...csv, exports: csv.exports.map((one) => ({ ...one, cpuSeconds: [seconds] })) },
      })
    expect(taking(7)).toEqual([])
    expect(taking(7.2)).toEqual(['csv takes 3.6 CPU seconds for a million rows; the target is 3.5'])
  })

  test('allow 250 MB and 10 % of growth, also downwards', () => {
    expect(missedTargets(memory([200e6], [219e6]))).toEqual([])
    expect(missedTargets(memory([200e6], [221e6]))).toEqual([expect.stringContaining('10 % more memory')])
    expect(missedTargets(memory([240e6], [250e6]))).toEqual([expect.stringContaining('250 MB')])
    expect(missedTargets(memory([260e6], [200e6]))).toEqual([expect.stringContaining('260 MB')])
  })

  test('hold the median to the growth, and every single run to the 250 MB', () => {
    expect(missedTargets(memory([190e6, 200e6, 220e6], [100e6, 219e6, 240e6]))).toEqual([])
    expect(missedTargets(memory([100e6, 200e6, 240e6], [221e6, 221e6, 100e6]))).toEqual([
      expect.stringContaining('10 % more memory'),
    ])
    expect(missedTargets(memory([200e6, 260e6, 200e6], [200e6]))).toEqual([expect.stringContaining('260 MB')])
    expect(missedTargets(memory([], []))).toEqual([])
  })

  test('hold each queue to its latency', () => {
    const latency = (queue: string, ...milliseconds: number[]) => ({
      ...nothing,
      latency: [{ queue, rows: 1_000, milliseconds, perSecond: 40 }],
    })
    expect(missedTargets(latency('postgres', 30, 40, 400))).toEqual([])
    expect(missedTargets(latency('postgres', 30, 41, 400))).toHaveLength(1)
    expect(missedTargets(latency('redis', 30))).toEqual([])
    expect(missedTargets(latency('redis', 31))).toHaveLength(1)
  })

  test('hold one worker to 40 small exports a second', () => {
    const worker = (perSecond: number) =>
      missedTargets({ ...nothing, latency: [{ queue: 'redis', rows: 1_000, milliseconds: [1], perSecond }] })
    expect(worker(40)).toEqual([])
    expect(worker(39)).toEqual([expect.stringContaining('39 small exports a second')])
  })

  test('allow five times the rows 5.3 times the time', () => {
    const scale = (seconds: number) =>
      missedTargets({
        ...nothing,
        scale: {
          format: 'csv',
          sizes: [
            { rows: 1_000_000, seconds: [2] },
            { rows: 5_000_000, seconds: [seconds] },
          ],
        },
      })
    expect(scale(10.6)).toEqual([])
    expect(scale(10.7)).toEqual(['5,000,000 rows take 5.35 times as long as the least; the target is 5.3'])
  })

  test('hold the memory with a slow storage to the same limit', () => {
    const memory = [{ format: 'csv', rows: 1, seconds: [1], peakBytes: [251e6] }]
    expect(missedTargets({ ...nothing, slowStorage: { bytesPerSecond: 1, memory } })).toEqual([
      expect.stringMatching(/^with a slow storage, csv takes 251 MB/),
    ])
  })
})

test('tables are Markdown, with figures to the right', () => {
  const lines = [
    ['csv', '1'],
    ['ndjson', '20'],
  ]
  expect(table(['', 'seconds'], lines)).toBe(
    ['|        | seconds |', '|--------|--------:|', '| csv    |       1 |', '| ndjson |      20 |'].join('\n'),
  )
})
