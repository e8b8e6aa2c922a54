// Moves the objects of a server of an earlier version (s3rver's files, one tree a bucket) into the store, once.
import { existsSync } from 'node:fs'
import { constants, copyFile, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Store } from './store.ts'

const SUFFIX = '._S3rver_object'

/** Multipart uploads that were open then are dropped. One that is cut short goes on at the next start. */
export async function adoptOldObjects(directory: string, store: Store): Promise<void> {
  if (!existsSync(directory)) return
  for (const { name } of (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
    await store.createBucket(name)
    const bucket = store.bucket(name)
    for (const path of await readdir(join(directory, name), { recursive: true })) {
      if (!path.endsWith(SUFFIX)) continue
      const old = join(directory, name, path)
      const key = path.slice(0, -SUFFIX.length).replaceAll(sep, '/')
      const [headers, etag] = await Promise.all([
        readFile(old.replace(/object$/, 'metadata.json'), 'utf8'),
        readFile(`${old}.md5`, 'utf8'),
      ])
      // A copy: a start that is cut short here leaves the old file as it was.
      const copy = bucket.temporaryPath()
      await copyFile(old, copy, constants.COPYFILE_FICLONE)
      await using file = await open(copy, 'r+')
      await file.chmod(0o600)
      const { size, mtimeMs } = await stat(old)
      await bucket.publish(file, copy, { key, size, etag, modified: mtimeMs, headers: JSON.parse(headers) })
      await rm(old)
    }
  }
  await rm(directory, { recursive: true, force: true })
}
