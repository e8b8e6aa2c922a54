// Creates a copy of this repository, like a fresh clone after the installation, in which the documents are run.
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Clone {
  readonly directory: string
  remove(): Promise<void>
}

/** Missing in a fresh clone, or too large to copy. */
const EXCLUDED = new Set(['node_modules', '.git', '.data', '.env'])

export async function makeClone(): Promise<Clone> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-docs-'))
  await cp(ROOT, directory, {
    recursive: true,
    preserveTimestamps: true, // otherwise the generated client would look older than its schema
    filter: (path) => relative(ROOT, path) === '' || !EXCLUDED.has(basename(path)),
  })
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  return { directory, remove: () => rm(directory, { recursive: true, force: true, maxRetries: 10 }) }
}
