// Runs an embedded Postgres: creates its cluster, starts it on loopback, and stops it when this process ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import {
  chooseLauncher,
  EXTERNAL_POSTGRES_ADVICE,
  findPostgresBinaries,
  type Launcher,
  type PostgresBinaries,
  type User,
} from './binaries.ts'
import { isReady, OWNER_SETTING, runningPort, send, stopOrphan, stopPostmaster } from './postmaster.ts'

export interface PostgresOptions {
  /** Holds all files; created if missing. State survives a restart on the same directory. */
  readonly directory: string
  /** Used if it is free; else any free port. 0: any. Default 54320. */
  readonly port?: number
  /** Server settings on top of the durable defaults, e.g. `fsync: 'off'` for throw-away databases. */
  readonly settings?: Readonly<Record<string, string>>
  /** Called with a line about each slow step and each unexpected event. */
  readonly log: (line: string) => void
  /** Aborts the start, not the running server. */
  readonly signal?: AbortSignal
}

export interface EmbeddedPostgres {
  /** Connects the superuser to the database `postgres`. Contains the password. */
  readonly url: string
  readonly port: number
  /** Ends sessions and shuts down. Resolves when the process has ended. */
  stop(): Promise<void>
}

const DEFAULT_PORT = 54320
const START_TIMEOUT_MS = 120_000
const MAX_STARTS = 5

/**
 * @throws Error if Postgres cannot run here or does not start, with the end of its log; if another live process runs
 *   a Postgres on the directory; if `signal` aborts.
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
  await stopOrphan(cluster, log, signal)
  const password = await readPassword(directory)

  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted()
    const port = await freePort(attempt === 1 ? (options.port ?? DEFAULT_PORT) : 0)
    const outcome = await launch({ binaries, launcher, directory, cluster, port, options })
    if (outcome.running) {
      return { url: superuserUrl(password, port), port, stop: outcome.stop }
    }
    // Another process took the port meanwhile, or the children of a killed postmaster have not ended yet.
    const isTransient = /Address already in use|could not create any TCP\/IP|pre-existing shared memory/.test(
      outcome.log,
    )
    if (!isTransient || attempt === MAX_STARTS) {
      throw new Error(
        `The embedded Postgres did not start. ${EXTERNAL_POSTGRES_ADVICE} The end of its log:\n${tail(outcome.log)}`,
      )
    }
    await sleep(200 * attempt, undefined, signal && { signal })
  }
}

/** The URL of the Postgres that another process runs on the directory now. */
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

/** Uses another directory name until the cluster is complete, so that a killed run leaves no partial cluster. */
async function createCluster({ binaries, launcher, directory, cluster, durable, log, signal }: CreateOptions) {
  log('Creating the embedded Postgres (first start only)')
  await removePartial(directory)
  const partial = join(directory, `cluster-${process.pid}`)
  const passwordFile = join(directory, 'password')
  // Loopback needs a password too: other users of this machine could run programs as this user through
  // COPY … TO PROGRAM. The password is random, so one iteration of its hash is as safe as 4096.
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  if (launcher.user) await chown(passwordFile, launcher.user.uid, launcher.user.gid)
  const args = [
    ...['--pgdata', partial, '--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ...['--encoding', 'UTF8', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', 'C'],
    ...['--set', 'scram_iterations=1'],
    ...(durable ? [] : ['--no-sync']),
  ]
  try {
    const child = start(launcher, binaries.initdb, args, { cwd: directory, output: 'pipe' })
    const { code, output } = await finished(child, signal)
    signal?.throwIfAborted()
    if (code !== 0)
      throw new Error(`The embedded Postgres could not be created. ${EXTERNAL_POSTGRES_ADVICE}\n${tail(output)}`)
    await rename(partial, cluster)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

async function removePartial(directory: string): Promise<void> {
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
  // A file, not a pipe: Postgres would block on a full pipe while the event loop of this process is busy.
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
    const deadline = Date.now() + START_TIMEOUT_MS
    while (!(await isReady(cluster, pid))) {
      if (await isGone()) return { running: false, log: await readFile(logFile, 'utf8') }
      if (Date.now() > deadline)
        throw new Error(`The embedded Postgres is not ready after ${START_TIMEOUT_MS / 1000} s`)
      await Promise.race([exited, sleep(25, undefined, options.signal && { signal: options.signal })])
    }
  } catch (error) {
    await stop()
    throw error
  }
  void exited.then(() => stopping ?? options.log(`The embedded Postgres ended unexpectedly. Its log: ${logFile}`))
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
    // A separate process group. Ctrl-C in a terminal goes to the whole group, and would stop Postgres while
    // this process still works on it.
    detached: true,
    stdio: ['ignore', output, output],
    // Messages in English in every locale: the code above compares their text.
    // biome-ignore lint/style/noProcessEnv: PATH is not a setting; the child needs it to find setpriv.
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

/** The owner of an existing cluster: root continues as that user. */
async function ownerOf(cluster: string): Promise<User | undefined> {
  try {
    const { uid, gid } = await stat(cluster)
    return uid === 0 ? undefined : { uid, gid }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EACCES') throw new Error(`${cluster} belongs to another user. It was probably created by root.`)
    throw error
  }
}

function tail(log: string): string {
  return log.trimEnd().split('\n').slice(-15).join('\n')
}
