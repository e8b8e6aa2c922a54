// Who runs on a cluster directory: finds a postmaster left by an earlier run, and stops postmasters.
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Named on the postmaster's command line, so that a later run can tell an orphan from another run's. */
export const OWNER_SETTING = 'waybill.owner'

const FAST_SHUTDOWN_MS = 10_000
const IMMEDIATE_SHUTDOWN_MS = 10_000

/**
 * Makes the cluster ours: stops the postmaster that a killed run left on it.
 *
 * @throws Error when the process that started that postmaster is still alive.
 */
export async function evictOrphan(cluster: string, log: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const pid = Number((await lockFile(cluster))[0])
  if (!(pid > 0)) return
  const found = await inspect(pid)
  // The number may long belong to another program: only a postmaster on this very directory counts.
  if (found === undefined || !found.command.includes(cluster) || !found.command.includes('postgres')) return
  const owner = Number(new RegExp(`${OWNER_SETTING}=(\\d+)`).exec(found.command)?.[1])
  // An orphan has been handed to init or a subreaper, so its parent is no longer the one that started it.
  if (owner === found.parent) {
    throw new Error(`The database in ${cluster} is in use by process ${owner}. Stop that one first.`)
  }
  log(`stopping the Postgres (process ${pid}) that an earlier run left behind`)
  await stopPostmaster(pid, () => inspect(pid).then((process) => process === undefined), signal)
}

/** Fast shutdown, as it ends sessions and leaves nothing to recover; immediate shutdown when that hangs. */
export async function stopPostmaster(pid: number, isGone: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  for (const [name, patience] of [
    ['SIGINT', FAST_SHUTDOWN_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_MS],
  ] as const) {
    send(pid, name)
    const deadline = Date.now() + patience
    while (Date.now() < deadline) {
      if (await isGone()) return
      await sleep(20, undefined, signal && { signal })
    }
  }
  throw new Error(`Postgres (process ${pid}) does not stop, not even at SIGQUIT`)
}

/** True once the postmaster takes connections: the eighth line of its lock file, which pg_ctl waits for, too. */
export async function isReady(cluster: string, pid: number): Promise<boolean> {
  const lines = await lockFile(cluster)
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}

/** Of a live postmaster on the cluster that takes connections: the fourth line of its lock file. */
export async function runningPort(cluster: string): Promise<number | undefined> {
  const lines = await lockFile(cluster)
  const pid = Number(lines[0])
  const found = pid > 0 && (await isReady(cluster, pid)) ? await inspect(pid) : undefined
  return found?.command.includes(cluster) ? Number(lines[3]) : undefined
}

async function lockFile(cluster: string): Promise<string[]> {
  try {
    return (await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A zombie counts as gone: in containers, init often never reaps. */
async function inspect(pid: number): Promise<{ command: string; parent: number } | undefined> {
  try {
    if (process.platform !== 'linux') {
      const line = execFileSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim()
      return { parent: Number.parseInt(line, 10), command: line }
    }
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return undefined
    return { parent: Number(parent), command: await readFile(`/proc/${pid}/cmdline`, 'utf8') }
  } catch {
    // Neither `ps` nor /proc knows the process any more.
    return undefined
  }
}
