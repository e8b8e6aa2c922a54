// Finds the postmaster of a cluster directory by its lock file, and stops postmasters.
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A setting on the command line of the postmaster, by which a later run recognizes an orphan. */
export const OWNER_SETTING = 'waybill.owner'

const FAST_SHUTDOWN_TIMEOUT_MS = 10_000
const IMMEDIATE_SHUTDOWN_TIMEOUT_MS = 10_000

/**
 * Stops the postmaster that a killed run left on the cluster.
 *
 * @throws Error if the process that started that postmaster is still alive.
 */
export async function stopOrphan(cluster: string, log: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const pid = Number((await lockFile(cluster))[0])
  if (!(pid > 0)) return
  const found = await inspect(pid)
  // The process id may belong to another program by now: only a postmaster on this directory counts.
  if (found === undefined || !found.command.includes(cluster) || !found.command.includes('postgres')) return
  const owner = Number(new RegExp(`${OWNER_SETTING}=(\\d+)`).exec(found.command)?.[1])
  // The parent of an orphan is init or a subreaper, not the process that started it.
  if (owner === found.parent) {
    throw new Error(`The database in ${cluster} is in use by process ${owner}. Stop that process first.`)
  }
  log(`Stopping the Postgres (process ${pid}) of an earlier run`)
  await stopPostmaster(pid, () => inspect(pid).then((process) => process === undefined), signal)
}

/** Tries the fast shutdown, which needs no recovery later, then the immediate shutdown. */
export async function stopPostmaster(pid: number, isGone: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  for (const [name, timeoutMs] of [
    ['SIGINT', FAST_SHUTDOWN_TIMEOUT_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_TIMEOUT_MS],
  ] as const) {
    send(pid, name)
    const deadline = Date.now() + timeoutMs
    while (Date.now() < deadline) {
      if (await isGone()) return
      await sleep(20, undefined, signal && { signal })
    }
  }
  throw new Error(`Postgres (process ${pid}) does not stop, neither after SIGINT nor after SIGQUIT.`)
}

/** True once the postmaster accepts connections: line 8 of its lock file says so, which pg_ctl reads too. */
export async function isReady(cluster: string, pid: number): Promise<boolean> {
  const lines = await lockFile(cluster)
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}

/** The port of the postmaster that accepts connections on the cluster: line 4 of its lock file. */
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

/** A zombie counts as ended: in containers, init often never reaps it. */
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
    // The process has ended.
    return undefined
  }
}
