// Starts a program of the repository that ends with the process that started it.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parentDeathPrefix } from '../../apps/standalone/src/postgres/binaries.ts'

export interface SpawnOptions {
  readonly nodeFlags?: readonly string[]
  readonly args?: readonly string[]
  /** The whole environment, except for what `inheritedEnvironment` adds: the caller's shell must not matter. */
  readonly env: Readonly<Record<string, string>>
}

export type SpawnedProgram = ChildProcessByStdio<null, Readable, Readable> & { readonly pid: number }

/** What a program gets from us: where programs are, and the compiled code that earlier programs have left. */
export function inheritedEnvironment(): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  return { PATH, NODE_COMPILE_CACHE }
}

const alive = new Set<SpawnedProgram>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** @param program from the root of the repository */
export function spawnProgram(program: string, { nodeFlags = [], args = [], env }: SpawnOptions): SpawnedProgram {
  const path = fileURLToPath(new URL(`../../${program}`, import.meta.url))
  const words = [...parentDeathPrefix(), process.execPath, ...nodeFlags, path, ...args]
  const [command = process.execPath, ...rest] = words
  const child = spawn(command, rest, {
    // A process group of its own: Ctrl-C is for us, who end everything in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inheritedEnvironment(), ...env },
  })
  if (child.pid === undefined) throw new Error(`${command} cannot be started`)
  const spawned = child as SpawnedProgram
  alive.add(spawned)
  spawned.once('close', () => alive.delete(spawned))
  return spawned
}
