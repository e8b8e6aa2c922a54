// A copy of this repository like a fresh clone after the first install, to run the documents in.
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Clone {
  readonly directory: string
  remove(): Promise<void>
}

/** What a fresh clone does not have, or what is too large to copy. */
const LEFT_OUT = new Set(['node_modules', '.git', '.data', '.env'])

export async function makeClone(): Promise<Clone> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-docs-'))
  await cp(ROOT, directory, {
    recursive: true,
    preserveTimestamps: true, // or the generated client would look older than its schema
    filter: (path) => relative(ROOT, path) === '' || !LEFT_OUT.has(basename(path)),
  })
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  return { directory, remove: () => rm(directory, { recursive: true, force: true, maxRetries: 10 }) }
}
