// Reads the CPU time and the peak memory of a process from /proc, on Linux only.
import { readFile, writeFile } from 'node:fs/promises'

/** The unit of /proc/PID/stat. It is 100 on every Linux platform of Node. */
const TICKS_PER_SECOND = 100

/** The CPU time of all threads in seconds, user and system; undefined without /proc. */
export async function cpuSeconds(pid: number): Promise<number | undefined> {
  const stat = await readProc(pid, 'stat')
  // The name of the program, in parentheses, may contain any character, so the fields are counted after it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** As `cpuSeconds`, including all child processes, also ended ones; undefined without /proc. */
export async function treeCpuSeconds(pid: number): Promise<number | undefined> {
  const stat = await readProc(pid, 'stat')
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  let ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0)
  const children = (await readProc(pid, `task/${pid}/children`)) ?? ''
  for (const child of children.split(' ').filter((word) => word !== '')) {
    ticks += ((await treeCpuSeconds(Number(child))) ?? 0) * TICKS_PER_SECOND
  }
  return ticks / TICKS_PER_SECOND
}

/** The peak resident memory since the start of the process or `resetPeak`; undefined without /proc. */
export async function peakBytes(pid: number): Promise<number | undefined> {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec((await readProc(pid, 'status')) ?? '')?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

/** Resets the peak to the current resident memory. False: not allowed, e.g. in some containers. */
export async function resetPeak(pid: number): Promise<boolean> {
  try {
    await writeFile(`/proc/${pid}/clear_refs`, '5')
    return true
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'EINVAL', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return false
    throw error
  }
}

async function readProc(pid: number, name: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${name}`, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
