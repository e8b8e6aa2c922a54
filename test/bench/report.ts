// Formats the results as Markdown tables, as in docs/performance.md.
import type { BenchResult, Latency, Machine, MemoryOfExport, Scale, Speed } from './results.ts'
import { median, percentile } from './statistics.ts'
import {
  cpuTarget,
  growthOf,
  latencyTarget,
  ratioTarget,
  SMALL_EXPORTS_PER_SECOND,
  scaleOf,
  timesFloor,
} from './targets.ts'

export function report({ machine, measuredAt, speed, latency, memory, slowStorage, scale }: BenchResult): string {
  return [
    describe(machine, measuredAt),
    ...(speed === undefined ? [] : [speedTable(speed)]),
    ...(latency === undefined ? [] : [latencyTable(latency)]),
    ...(scale === undefined ? [] : [scaleTable(scale)]),
    ...(memory === undefined ? [] : [memoryTable(memory)]),
    ...(slowStorage === undefined
      ? []
      : [
          `With a storage that takes ${megabytes(slowStorage.bytesPerSecond)} MB a second. ${memoryTable(slowStorage.memory)}`,
        ]),
  ].join('\n\n')
}

function describe(machine: Machine, measuredAt: string): string {
  const { cpu, cores, memoryBytes, node, postgres, workerFlags, settings } = machine
  const set = [...workerFlags, ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)].join(' ')
  const gigabytes = Math.round(memoryBytes / 2 ** 30)
  return (
    `Measured ${measuredAt.slice(0, 10)}: ${cores} cores (${cpu}), ${gigabytes} GiB, ` +
    `Node ${node.slice(1)}, Postgres ${postgres}; worker: ${set === '' ? 'no flags' : set}.`
  )
}

function speedTable({ rows, queue, floor, atOnce, exports, embedded, priorArt }: Speed): string {
  const least = median(floor.seconds)
  const line = (name: string, seconds: number, ratio: number, rest: readonly string[], bytes: number) => [
    name,
    seconds.toFixed(2),
    Math.round(rows / seconds).toLocaleString('en'),
    ratio.toFixed(2),
    ...rest,
    megabytes(bytes),
  ]
  const most = (value: number | undefined) => (value === undefined ? '' : `≤ ${value}`)
  return `Exporting ${rows.toLocaleString('en')} user points; queue: ${queue}.\n\n${table(
    [
      '',
      'seconds',
      'rows/s',
      '× COPY',
      'target',
      '× COPY, embedded S3',
      'CPU s',
      'target',
      'database CPU s',
      'peak MB',
      'file MB',
    ],
    [
      line('`COPY … TO` a file', least, 1, ['', '', '', '', '', ''], floor.bytes),
      ...exports.map((speed) => {
        const { format, seconds, bytes, peakBytes } = speed
        const stored = embedded.find((other) => other.format === format)
        const rest = [
          most(ratioTarget(format)),
          stored === undefined ? '–' : timesFloor(stored).toFixed(2),
          medianOf(speed.cpuSeconds),
          most(cpuTarget(format)),
          medianOf(speed.databaseCpuSeconds),
          megabytes(peakBytes),
        ]
        return line(format, median(seconds), timesFloor(speed), rest, bytes)
      }),
      line(
        'all rows at once (csv)',
        atOnce.seconds,
        atOnce.seconds / least,
        ['', '', '', '', '', megabytes(atOnce.peakBytes)],
        atOnce.bytes,
      ),
      ...priorArt.map(({ name, seconds, bytes, cpuSeconds, peakBytes }) => {
        const cpu = cpuSeconds === undefined ? '–' : cpuSeconds.toFixed(1)
        return line(name, seconds, seconds / least, ['', '', cpu, '', '', megabytes(peakBytes)], bytes)
      }),
    ],
  )}`
}

function medianOf(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? '–' : median(known).toFixed(1)
}

function latencyTable(latency: readonly Latency[]): string {
  const [first] = latency
  const what = `${first?.rows.toLocaleString('en')} user points, a database with no others`
  return `A small export, csv, POST to completed (${what}; ${first?.milliseconds.length} runs).\n\n${table(
    ['queue', 'median ms', 'p95 ms', 'target', 'exports/s, one worker', 'target'],
    latency.map(({ queue, milliseconds, perSecond }) => [
      queue,
      median(milliseconds).toFixed(0),
      percentile(milliseconds, 95).toFixed(0),
      `≤ ${latencyTarget(queue)}`,
      perSecond.toFixed(0),
      `≥ ${SMALL_EXPORTS_PER_SECOND}`,
    ]),
  )}`
}

function scaleTable(scale: Scale): string {
  const found = scaleOf(scale)
  const times = found === undefined ? '' : `; ${found.times.toFixed(2)} times, target ≤ ${found.target.toFixed(1)}`
  return `The whole table as ${scale.format}, POST to completed${times}.\n\n${table(
    ['rows', 'seconds'],
    scale.sizes.map(({ rows, seconds }) => [rows.toLocaleString('en'), median(seconds).toFixed(1)]),
  )}`
}

function memoryTable(memory: readonly MemoryOfExport[]): string {
  const sizes = [...new Set(memory.map(({ rows }) => rows))]
  const formats = [...new Set(memory.map(({ format }) => format))]
  return `The worker's peak memory in MB (resident; a new process for each run; target: below 250, growth of the median at most 10 %).\n\n${table(
    ['', ...sizes.map((rows) => `${rows.toLocaleString('en')} rows`), 'growth'],
    formats.map((format) => {
      const peaks = sizes.map(
        (size) => memory.find((export_) => export_.format === format && export_.rows === size)?.peakBytes ?? [],
      )
      const growth = growthOf(peaks)
      const percent = growth === undefined ? '–' : `${((growth - 1) * 100).toFixed(1)} %`
      return [format, ...peaks.map((runs) => runs.map(megabytes).join(', ')), percent]
    }),
  )}`
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '–' : Math.round(bytes / 1e6).toLocaleString('en')
}

/** Aligns the first column to the left, and figures to the right. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0), 3))
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => pad(cell, widths[column] ?? 0, column === 0)).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? `${'-'.repeat(width + 2)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [row(head), rule, ...lines.map(row)].join('\n')
}

function pad(cell: string, width: number, left: boolean): string {
  return left ? cell.padEnd(width) : cell.padStart(width)
}
