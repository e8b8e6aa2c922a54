// Starts the production processes with Node and only the given environment.
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
  /** The output so far. */
  readonly output: { stdout: string; stderr: string }
  /** Resolves with the log entry that has this message. @throws Error if the process ends first */
  logged(message: string): Promise<Record<string, unknown>>
  kill(signal: NodeJS.Signals): void
  /** The exit code, or the signal that ended the process. */
  readonly ended: Promise<number | NodeJS.Signals>
}

const running = new Set<ChildProcess>()

/** The environment of the process is `env`, in addition to `inheritedEnvironment`. */
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
  const notify = () => {
    for (const watch of [...watchers]) watch()
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
      notify()
    })
  }
  const ended = once(child, 'close').then(([code, signal]): number | NodeJS.Signals => {
    running.delete(child)
    notify()
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

/** Call it in `afterEach`, so that a failed test leaves no process. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
