// Runs the command line in a separate process with an empty home directory, with pipes or on a real terminal.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'vitest'
import { inheritedEnvironment } from './spawn.ts'

const BIN = fileURLToPath(new URL('../../packages/client/bin/waybill.mjs', import.meta.url))

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Running {
  readonly pid: number
  /** The output so far. */
  readonly out: () => string
  readonly err: () => string
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

export interface OnTerminal {
  /** The output so far, without control sequences. */
  readonly screen: () => string
  /** The output so far, unchanged. */
  readonly raw: () => string
  /** Waits until the screen shows this text. */
  shows(text: string | RegExp): Promise<void>
  /** `\u0003` is Ctrl-C. */
  type(keys: string): void
  readonly ended: Promise<number>
}

export interface Cli {
  /** The working directory. */
  readonly directory: string
  /** The path of the config file. */
  readonly configPath: string
  run(words: readonly string[], options?: RunOptions): Promise<Ended>
  start(words: readonly string[], options?: RunOptions): Running
  onTerminal(words: readonly string[], env?: Readonly<Record<string, string>>): OnTerminal
  /** Ends all processes and removes the directories. */
  close(): Promise<void>
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Options for Node. */
  readonly nodeFlags?: readonly string[]
}

/** @param env variables for every call, in addition to `inheritedEnvironment` */
export async function createCli(env: Readonly<Record<string, string>> = {}): Promise<Cli> {
  const home = await mkdtemp(join(tmpdir(), 'waybill-home-'))
  const directory = await mkdtemp(join(tmpdir(), 'waybill-cli-'))
  const running = new Set<ChildProcessWithoutNullStreams>()
  const spawned = (command: string, words: readonly string[], own: Readonly<Record<string, string>>) => {
    const child = spawn(command, words, {
      cwd: directory,
      env: { ...inheritedEnvironment(), HOME: home, ...env, ...own },
    })
    child.stdin.on('error', () => undefined) // the process may end before it reads its input
    running.add(child)
    child.once('close', () => running.delete(child))
    return child
  }

  const start: Cli['start'] = (words, { env: own = {}, input = '', nodeFlags = [] } = {}) => {
    const child = spawned(process.execPath, [...nodeFlags, BIN, ...words], own)
    child.stdin.end(input)
    const [out, err] = [collect(child.stdout), collect(child.stderr)]
    const ended = once(child, 'close').then(([code]) => ({ code: Number(code), out: out(), err: err() }))
    return { pid: child.pid ?? 0, out, err, ended, kill: (signal) => void child.kill(signal) }
  }

  return {
    directory,
    configPath: join(home, '.config/waybill/config.json'),
    start,
    run: (words, options) => start(words, options).ended,
    onTerminal(words, own = {}) {
      // `script` of util-linux gives the program a terminal, and forwards our pipe to it as typed input.
      const line = [process.execPath, BIN, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
      const child = spawned('script', ['-qefc', `stty cols 100; exec ${line}`, '/dev/null'], { TERM: 'xterm', ...own })
      const raw = collect(child.stdout)
      const screen = () => stripVTControlCharacters(raw()).replaceAll('\r\n', '\n')
      return {
        raw,
        screen,
        shows: (text) => expect.poll(screen).toMatch(text),
        type: (keys) => void child.stdin.write(keys),
        ended: once(child, 'close').then(([code]) => Number(code)),
      }
    },
    async close() {
      for (const child of running) {
        child.kill('SIGKILL')
        await once(child, 'close')
      }
      for (const path of [home, directory]) await rm(path, { recursive: true, force: true })
    },
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}
