// The results of a soak test as a table.
import type { Tally } from './requests.ts'
import type { Verdict } from './verdict.ts'

export function summarize(tally: Tally, struck: ReadonlyMap<string, number>, verdict: Verdict): string {
  const faults = [...struck.values()].reduce((sum, count) => sum + count, 0)
  const cancels = tally.asked.filter(({ canceled }) => canceled).length
  const lines: [string, string][] = [
    ['requested exports', `${tally.asked.length}, of which ${cancels} canceled`],
    ['responses to POST', list(tally.answers, (status) => (status === 0 ? 'none' : String(status)))],
    ['faults', `${faults}`],
    ...[...struck].sort().map(([name, count]): [string, string] => [`  ${name}`, String(count)]),
    ['ends', list(verdict.ends, String)],
    ['attempts', list(verdict.attempts, (attempts) => `${attempts}`)],
    ['largest file', `${(verdict.largest / 1e6).toFixed(1)} MB`],
    ['violations', String(verdict.violations.length)],
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  const table = lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
  return [...table, ...verdict.violations.map((violation) => `    ${violation}`)].join('\n')
}

/** `completed: 10, canceled: 2` */
function list<K>(counts: ReadonlyMap<K, number>, name: (key: K) => string): string {
  return [...counts]
    .map(([key, count]) => `${name(key)}: ${count}`)
    .sort()
    .join(', ')
}
