// Starts the production processes as an operator does: node, a file, an environment.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inheritedEnvironment } from './spawn.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const ENTRIES = {
  migrate: 'apps/api/src/commands/migrate.ts',
  api: 'apps/api/src/main.ts',
  worker: 'apps/worker/src/main.ts',
  'dataset:check': 'apps/api/src/commands/check-datasets.ts',
} as const

export interface Process {
  readonly pid: number
  /** What it wrote so far. */
  readonly output: { stdout: string; stderr: string }
  /** Resolves with the JSON line of the log that has this message. @throws Error when it ends before */
  logged(message: string): Promise<Record<string, unknown>>
  kill(signal: NodeJS.Signals): void
  /** The exit code, or the signal that it died of. */
  readonly ended: Promise<number | NodeJS.Signals>
}

const running = new Set<ChildProcess>()

/** Nothing but `env` and what Node itself needs reaches the process. */
export function startProcess(
  name: keyof typeof ENTRIES,
  env: Readonly<Record<string, string>>,
  { cwd = ROOT } = {},
): Process {
  const child = spawn(process.execPath, [join(ROOT, ENTRIES[name])], {
    cwd,
    env: { ...inheritedEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const output = { stdout: '', stderr: '' }
  const watchers = new Set<() => void>()
  const tell = () => {
    for (const watch of [...watchers]) watch()
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
      tell()
    })
  }
  const ended = once(child, 'close').then(([code, signal]): number | NodeJS.Signals => {
    running.delete(child)
    tell()
    return code ?? signal ?? 'SIGKILL'
  })
  return {
    pid: child.pid ?? 0,
    output,
    ended,
    kill: (signal) => void child.kill(signal),
    logged: (message) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          const line = output.stdout.split('\n').find((text) => text.includes(`"msg":"${message}"`))
          if (line !== undefined) resolve(JSON.parse(line))
          else if (!running.has(child))
            reject(new Error(`${name} ended before "${message}":\n${output.stdout}${output.stderr}`))
          else return
          watchers.delete(watch)
        }
        watchers.add(watch)
        watch()
      }),
  }
}

/** For `afterEach`: a failed test leaves no process behind. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
