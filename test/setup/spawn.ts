// Starts a program of the repository that ends together with the process that started it.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parentDeathPrefix } from '../../apps/standalone/src/postgres/binaries.ts'

export interface SpawnOptions {
  readonly nodeFlags?: readonly string[]
  readonly args?: readonly string[]
  /** The environment, in addition to `inheritedEnvironment`. Other variables of the caller's shell are not passed. */
  readonly env: Readonly<Record<string, string>>
}

export type SpawnedProgram = ChildProcessByStdio<null, Readable, Readable> & { readonly pid: number }

/** The variables that every program gets: PATH, and the compile cache of Node. */
export function inheritedEnvironment(): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  return { PATH, NODE_COMPILE_CACHE }
}

const alive = new Set<SpawnedProgram>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** @param program path relative to the root of the repository */
export function spawnProgram(program: string, { nodeFlags = [], args = [], env }: SpawnOptions): SpawnedProgram {
  const path = fileURLToPath(new URL(`../../${program}`, import.meta.url))
  const words = [...parentDeathPrefix(), process.execPath, ...nodeFlags, path, ...args]
  const [command = process.execPath, ...rest] = words
  const child = spawn(command, rest, {
    // A separate process group, because on Ctrl-C this process ends the program itself.
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
