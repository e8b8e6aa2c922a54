// Starts a temporary redis-server on a free port of loopback.
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../apps/standalone/src/free-port.ts'
import { parentDeathPrefix } from '../../apps/standalone/src/postgres/binaries.ts'

export interface TestRedis {
  readonly url: string
  stop(): Promise<void>
}

const READY_TIMEOUT_MS = 60_000
const MAX_ATTEMPTS = 5

/**
 * Stores nothing on disk. Each server needs a separate `directory`.
 *
 * @param preferredPort the port of a stopped server that this one replaces; 0: any free port
 */
export async function startRedis(directory: string, preferredPort = 0): Promise<TestRedis> {
  await mkdir(directory, { recursive: true })
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(preferredPort)
    const [command = 'redis-server', ...prefix] = [...parentDeathPrefix(), 'redis-server']
    const settings = { port, bind: '127.0.0.1', dir: directory, save: '', appendonly: 'no', daemonize: 'no' }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    // In a separate process group, because Ctrl-C must end the tests before their servers.
    const child = spawn(command, [...prefix, ...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk))
    let failure: Error | undefined
    const exited = new Promise<void>((done) => {
      child.once('exit', () => done())
      child.once('error', (error) => {
        failure = error
        done()
      })
    })
    const killOnExit = () => void child.kill('SIGKILL')
    process.once('exit', killOnExit)
    void exited.then(() => process.off('exit', killOnExit))
    const stop = async () => {
      child.kill('SIGTERM')
      await exited
    }
    const isGone = () => failure !== undefined || child.exitCode !== null || child.signalCode !== null

    const deadline = Date.now() + READY_TIMEOUT_MS
    while (!isGone()) {
      if (await answers(port)) return { url: `redis://127.0.0.1:${port}`, stop }
      if (Date.now() > deadline) await stop()
      else await Promise.race([exited, sleep(25)])
    }
    if (attempt === MAX_ATTEMPTS || !output.includes('Address already in use')) {
      throw new Error(`redis-server does not start; npm test installs it on Debian and Ubuntu.\n${failure ?? output}`)
    }
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', (data) => end(data.toString().startsWith('+PONG')))
    socket.once('error', () => end(false))
  })
}
