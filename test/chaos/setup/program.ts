// Runs a program of the repository as a separate process, and keeps its output.
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnProgram } from '../../setup/spawn.ts'

/** One line of the log. */
export interface Said {
  readonly msg: string
  readonly [field: string]: unknown
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Program {
  /** A name for messages, such as `api-1`. */
  readonly name: string
  readonly pid: number
  /** Undefined while the process runs. */
  exit(): Exit | undefined
  readonly ended: Promise<Exit>
  signal(signal: NodeJS.Signals): void
  /** The first log entry with this message, past or future. Rejects if the process ends without one. */
  said(message: string): Promise<Said>
  lines(): readonly Said[]
  /** The whole output. */
  output(): string
  /** Ends the process with SIGTERM, and with SIGKILL if that takes too long. */
  stop(): Promise<Exit>
}

const STOP_TIMEOUT_MS = 120_000

/** @param program path relative to the root of the repository @param env in addition to `inheritedEnvironment` */
export function startProgram(name: string, program: string, env: Readonly<Record<string, string>>): Program {
  const child = spawnProgram(program, { env })

  let output = ''
  let unfinished = ''
  const lines: Said[] = []
  const waiting = new Set<(line: Said) => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    const parts = (unfinished + chunk).split('\n')
    unfinished = parts.pop() ?? ''
    for (const part of parts.filter((text) => text.startsWith('{'))) {
      const line = JSON.parse(part) as Said
      lines.push(line)
      for (const hear of waiting) hear(line)
    }
  })
  child.stderr.on('data', (chunk: Buffer) => (output += chunk))

  let exit: Exit | undefined
  const { promise: ended, resolve: end } = Promise.withResolvers<Exit>()
  child.once('close', (code, signal) => {
    exit = { code, signal }
    end(exit)
  })

  return {
    name,
    pid: child.pid,
    ended,
    exit: () => exit,
    signal: (signal) => void child.kill(signal),
    lines: () => lines,
    output: () => output,
    async said(message) {
      const earlier = lines.find(({ msg }) => msg === message)
      if (earlier !== undefined) return earlier
      const heard = Promise.withResolvers<Said>()
      const hear = (line: Said) => void (line.msg === message && heard.resolve(line))
      waiting.add(hear)
      try {
        const gone = ended.then(({ code, signal }) => {
          throw new Error(`${name} ended with ${signal ?? code} before it said "${message}":\n${output.slice(-4_000)}`)
        })
        return await Promise.race([heard.promise, gone])
      } finally {
        waiting.delete(hear)
      }
    },
    async stop() {
      child.kill('SIGCONT') // a stopped process does not receive SIGTERM
      child.kill('SIGTERM')
      const timer = new AbortController()
      const tooLate = sleep(STOP_TIMEOUT_MS, true, { signal: timer.signal }).catch(() => false)
      if ((await Promise.race([ended, tooLate])) === true) child.kill('SIGKILL')
      timer.abort()
      return ended
    },
  }
}
