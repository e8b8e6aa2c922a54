// Owns an embedded Postgres: creates its cluster, starts it on loopback, and stops it however we end.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import {
  chooseLauncher,
  findPostgresBinaries,
  type Launcher,
  type PostgresBinaries,
  type User,
  WAY_OUT,
} from './binaries.ts'
import { evictOrphan, isReady, OWNER_SETTING, runningPort, send, stopPostmaster } from './postmaster.ts'

export interface PostgresOptions {
  /** Everything lives in here; made if missing. State survives a restart on the same directory. */
  readonly directory: string
  /** Taken if it is free; else any free one. 0: any. Default 54320. */
  readonly port?: number
  /** Server settings on top of the durable defaults, e.g. `fsync: 'off'` for throw-away databases. */
  readonly settings?: Readonly<Record<string, string>>
  /** Told, in one line each, what takes time or is remarkable. */
  readonly log: (line: string) => void
  /** Aborts the start, not the running server. */
  readonly signal?: AbortSignal
}

export interface EmbeddedPostgres {
  /** Of the superuser, to the database `postgres`. Contains the password. */
  readonly url: string
  readonly port: number
  /** Ends sessions and shuts down; resolves when the process is gone. */
  stop(): Promise<void>
}

const USUAL_PORT = 54320
const START_MS = 120_000
const TRIES = 5

/**
 * @throws Error when Postgres cannot run here or does not start, with the end of its log;
 *   when another live process runs a Postgres on the directory; when `signal` aborts.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { log, signal } = options
  const binaries = await findPostgresBinaries()
  const directory = resolve(options.directory)
  const cluster = join(directory, 'cluster')
  const launcher = await chooseLauncher(await ownerOf(cluster))
  await mkdir(directory, { recursive: true })
  await chmod(directory, 0o700)
  if (launcher.user) await chown(directory, launcher.user.uid, launcher.user.gid)

  const durable = options.settings?.fsync !== 'off'
  if (!existsSync(cluster)) await createCluster({ binaries, launcher, directory, cluster, durable, log, signal })
  await evictOrphan(cluster, log, signal)
  const password = await readPassword(directory)

  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted()
    const port = await freePort(attempt === 1 ? (options.port ?? USUAL_PORT) : 0)
    const outcome = await launch({ binaries, launcher, directory, cluster, port, options })
    if (outcome.running) {
      return { url: superuserUrl(password, port), port, stop: outcome.stop }
    }
    // Someone took the port in between, or the children of a killed postmaster are still on their way out.
    const passing = /Address already in use|could not create any TCP\/IP|pre-existing shared memory/.test(outcome.log)
    if (!passing || attempt === TRIES) {
      throw new Error(`The embedded Postgres did not start. ${WAY_OUT} The end of its log:\n${tail(outcome.log)}`)
    }
    await sleep(200 * attempt, undefined, signal && { signal })
  }
}

/** The URL of one that another process of ours runs on the directory now. */
export async function findRunningPostgres(directory: string): Promise<string | undefined> {
  const port = await runningPort(join(directory, 'cluster'))
  return port === undefined ? undefined : superuserUrl(await readPassword(directory), port)
}

async function readPassword(directory: string): Promise<string> {
  return (await readFile(join(directory, 'password'), 'utf8')).trim()
}

function superuserUrl(password: string, port: number): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
}

interface Place {
  readonly binaries: PostgresBinaries
  readonly launcher: Launcher
  readonly directory: string
  readonly cluster: string
}

interface CreateOptions extends Place {
  readonly durable: boolean
  readonly log: (line: string) => void
  readonly signal: AbortSignal | undefined
}

/** In a directory of another name first, so that a killed run leaves no half cluster to start on. */
async function createCluster({ binaries, launcher, directory, cluster, durable, log, signal }: CreateOptions) {
  log('creating the embedded Postgres (once)')
  await removeHalfMade(directory)
  const halfMade = join(directory, `cluster-${process.pid}`)
  const passwordFile = join(directory, 'password')
  // A password, though only loopback is served: other users of this machine could otherwise run programs
  // as us, through COPY … TO PROGRAM. It is random, so one iteration of its hash is as safe as 4096.
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  if (launcher.user) await chown(passwordFile, launcher.user.uid, launcher.user.gid)
  const args = [
    ...['--pgdata', halfMade, '--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ...['--encoding', 'UTF8', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', 'C'],
    ...['--set', 'scram_iterations=1'],
    ...(durable ? [] : ['--no-sync']),
  ]
  try {
    const child = start(launcher, binaries.initdb, args, { cwd: directory, output: 'pipe' })
    const { code, output } = await finished(child, signal)
    signal?.throwIfAborted()
    if (code !== 0) throw new Error(`The embedded Postgres could not be created. ${WAY_OUT}\n${tail(output)}`)
    await rename(halfMade, cluster)
  } finally {
    await rm(halfMade, { recursive: true, force: true })
  }
}

async function removeHalfMade(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = Number(/^cluster-(\d+)$/.exec(name)?.[1])
    if (pid > 0 && !isAlive(pid)) await rm(join(directory, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

interface LaunchOptions extends Place {
  readonly port: number
  readonly options: PostgresOptions
}

type Outcome =
  | { readonly running: true; readonly stop: () => Promise<void> }
  | { readonly running: false; readonly log: string }

async function launch({ binaries, launcher, directory, cluster, port, options }: LaunchOptions): Promise<Outcome> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    [OWNER_SETTING]: String(process.pid),
    ...options.settings,
  }
  const args = ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  // A file, not a pipe: nobody would read a pipe while our event loop is busy, and Postgres would wait.
  const logFile = join(directory, 'postgres.log')
  const logHandle = await open(logFile, 'w', 0o600)
  const child = start(launcher, binaries.postgres, args, { cwd: directory, output: logHandle.fd })
  await logHandle.close()
  const exited = new Promise<void>((done) => {
    child.once('exit', () => done())
    child.once('error', () => done())
  })
  const { pid } = child
  if (pid === undefined) return { running: false, log: `${binaries.postgres} cannot be executed` }

  const isGone = async () => child.exitCode !== null || child.signalCode !== null
  const killOnExit = () => void (child.exitCode === null && send(pid, 'SIGINT'))
  process.once('exit', killOnExit)
  void exited.then(() => process.off('exit', killOnExit))
  let stopping: Promise<void> | undefined
  const stop = () => (stopping ??= stopPostmaster(pid, isGone))

  try {
    const deadline = Date.now() + START_MS
    while (!(await isReady(cluster, pid))) {
      if (await isGone()) return { running: false, log: await readFile(logFile, 'utf8') }
      if (Date.now() > deadline) throw new Error(`The embedded Postgres is not ready after ${START_MS / 1000} s`)
      await Promise.race([exited, sleep(25, undefined, options.signal && { signal: options.signal })])
    }
  } catch (error) {
    await stop()
    throw error
  }
  void exited.then(() => stopping ?? options.log(`the embedded Postgres ended by itself; its log: ${logFile}`))
  return { running: true, stop }
}

function start(
  { prefix, user, prefixSetsUser }: Launcher,
  program: string,
  args: readonly string[],
  { cwd, output }: { cwd: string; output: 'pipe' | number },
): ChildProcess {
  const [command = program, ...rest] = [...prefix, program, ...args]
  return spawn(command, rest, {
    cwd,
    // A process group of its own: Ctrl-C in a terminal goes to the whole group, and would shut Postgres
    // down while we are still finishing work on it.
    detached: true,
    stdio: ['ignore', output, output],
    // Messages in English whatever the machine's locale: their text is looked at above.
    // biome-ignore lint/style/noProcessEnv: PATH is no setting; it is handed on so that setpriv is found.
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    ...(user && !prefixSetsUser ? user : {}),
  })
}

async function finished(child: ChildProcess, signal?: AbortSignal): Promise<{ code: number | null; output: string }> {
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk))
  const interrupt = () => void child.kill('SIGINT')
  signal?.addEventListener('abort', interrupt)
  try {
    const code = await new Promise<number | null>((done, fail) => child.once('close', done).once('error', fail))
    return { code, output }
  } finally {
    signal?.removeEventListener('abort', interrupt)
  }
}

/** Who a cluster made earlier belongs to: root goes on as that user. */
async function ownerOf(cluster: string): Promise<User | undefined> {
  try {
    const { uid, gid } = await stat(cluster)
    return uid === 0 ? undefined : { uid, gid }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EACCES') throw new Error(`${cluster} belongs to another user, probably since a run as root`)
    throw error
  }
}

function tail(log: string): string {
  return log.trimEnd().split('\n').slice(-15).join('\n')
}
