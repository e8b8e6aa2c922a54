// The file that stores the server and the key between calls. Only its owner can read it.
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UsageError } from './arguments/usage-error.ts'

export interface SavedSettings {
  readonly url: string
  readonly key: string
}

/** Undefined when there is no file. @throws UsageError when its content is not valid */
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
    throw new UsageError(`${path} is not a valid config file`, 'Run "waybill login" to create it again.')
  }
  return { url, key }
}

/** Whether other users of this machine can read the file. Windows has no such permissions. */
export async function isReadableByOthers(path: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0
}

/** Writes atomically, with restricted permissions from the start: the key is never readable by others or incomplete. */
export async function writeConfigFile(path: string, settings: SavedSettings): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  await chmod(draft, 0o600)
  await rename(draft, path)
}

/** @returns whether there was a file */
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
    return undefined // the caller reports it, with the path
  }
}
