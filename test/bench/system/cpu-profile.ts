// Computes the self time of functions from a CPU profile of V8.
import { readFile } from 'node:fs/promises'

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  /** The time before each sample, in microseconds. */
  readonly timeDeltas: readonly number[]
}

export interface SelfTime {
  /** `name file:line`, or an entry of V8: `(idle)` waits for events, `(program)` is native code, `(garbage collector)`. */
  readonly where: string
  readonly milliseconds: number
}

/** The longest time first. */
export async function readSelfTimes(file: string): Promise<SelfTime[]> {
  const { nodes, samples, timeDeltas } = JSON.parse(await readFile(file, 'utf8')) as CpuProfile
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const spent = new Map<string, number>()
  samples.forEach((id, index) => {
    const where = names.get(id) ?? '(unknown)'
    spent.set(where, (spent.get(where) ?? 0) + (timeDeltas[index] ?? 0) / 1000)
  })
  return [...spent]
    .map(([where, milliseconds]) => ({ where, milliseconds }))
    .sort((a, b) => b.milliseconds - a.milliseconds)
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/(?=packages\/|apps\/)/, '')
  return `${name} ${file}:${lineNumber + 1}`
}
