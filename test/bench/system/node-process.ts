// Runs a program of the repository as a separate process that ends with the benchmark.
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnProgram } from '../../setup/spawn.ts'

export interface NodeProcess {
  readonly pid: number
  /** The first line of the standard output. */
  readonly firstLine: Promise<string>
  /** Resolves with the exit code and the last output when the process has ended. */
  readonly ended: Promise<string>
  /** Sends SIGTERM, and SIGKILL if that takes too long. Resolves when the process has ended. */
  stop(): Promise<void>
}

export interface NodeProgram {
  /** A path relative to the root of the repository. */
  readonly program: string
  readonly args?: readonly string[]
  readonly nodeFlags?: readonly string[]
  /** The environment, in addition to PATH. Other variables of the caller's shell are not passed. */
  readonly env?: Readonly<Record<string, string>>
  /** Receives the output. */
  readonly onOutput?: (text: string) => void
  /** Called if the process ends without `stop`. */
  readonly onDeath?: (error: Error) => void
}

const STOP_MS = 20_000
const OUTPUT_LENGTH = 4_000

export function startNode({
  program,
  args = [],
  nodeFlags = [],
  env = {},
  onOutput,
  onDeath,
}: NodeProgram): NodeProcess {
  const child = spawnProgram(program, { nodeFlags, args, env })

  let output = ''
  const firstLine = Promise.withResolvers<string>()
  firstLine.promise.catch(() => undefined) // only some callers use it
  const gather = (chunk: Buffer) => {
    output = (output + chunk).slice(-OUTPUT_LENGTH)
    onOutput?.(String(chunk))
  }
  let started = ''
  child.stdout.on('data', (chunk: Buffer) => {
    gather(chunk)
    started += started.includes('\n') ? '' : chunk
    if (started.includes('\n')) firstLine.resolve(started.slice(0, started.indexOf('\n')))
  })
  child.stderr.on('data', gather)

  let stopping = false
  const { promise: ended, resolve: end } = Promise.withResolvers<string>()
  child.once('close', (code, signal) => {
    const told = `${program} ended with ${signal ?? code}:\n${output}`
    firstLine.reject(new Error(told))
    end(told)
    if (!stopping) onDeath?.(new Error(told))
  })
  return {
    pid: child.pid,
    firstLine: firstLine.promise,
    ended,
    async stop() {
      stopping = true
      child.kill('SIGTERM')
      const patience = new AbortController()
      const killed = sleep(STOP_MS, true, { signal: patience.signal }).catch(() => false)
      if ((await Promise.race([ended, killed])) === true) child.kill('SIGKILL')
      patience.abort()
      await ended
    },
  }
}
