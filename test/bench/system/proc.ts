// What the kernel knows of a process: its CPU time and its memory at the most. Linux only.
import { readFile, writeFile } from 'node:fs/promises'

/** The unit of /proc/PID/stat; Linux shows user space 100 ticks a second on every platform Node runs on. */
const TICKS_PER_SECOND = 100

/** Seconds on a CPU so far, all threads, user and system; undefined where there is no /proc. */
export async function cpuSeconds(pid: number): Promise<number | undefined> {
  const stat = await readProc(pid, 'stat')
  // The name of the program, in parentheses, may contain anything: fields are counted behind it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** As `cpuSeconds`, with all processes that it has started, also those that have ended; undefined where there is no /proc. */
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

/** The most resident memory since the process started, or since `resetPeak`; undefined where there is no /proc. */
export async function peakBytes(pid: number): Promise<number | undefined> {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec((await readProc(pid, 'status')) ?? '')?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

/** Lets the peak start anew from what is resident now. False: not allowed here, e.g. in some containers. */
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
