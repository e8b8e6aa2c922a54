// The file that keeps server and key between calls: for its owner's eyes only.
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UsageError } from './arguments/usage-error.ts'

export interface SavedSettings {
  readonly url: string
  readonly key: string
}

/** Undefined when there is none. @throws UsageError when it cannot be read */
export async function readConfigFile(path: string): Promise<SavedSettings | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const { url, key } = parse(text) ?? {}
  if (typeof url !== 'string' || typeof key !== 'string') {
    throw new UsageError(`${path} is not what "waybill login" writes`, 'waybill login writes it anew')
  }
  return { url, key }
}

/** Whether others of this machine may read the key. Windows has no such bits. */
export async function isReadableByOthers(path: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0
}

/** At once and with its rights from the first moment on: the key is never there for others, nor half. */
export async function writeConfigFile(path: string, settings: SavedSettings): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  await chmod(draft, 0o600)
  await rename(draft, path)
}

/** @returns whether there was one */
export async function removeConfigFile(path: string): Promise<boolean> {
  try {
    await rm(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

function parse(text: string): { url?: unknown; key?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined // said by the caller, with the path
  }
}
