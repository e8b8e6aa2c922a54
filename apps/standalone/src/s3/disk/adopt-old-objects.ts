// Moves the objects of earlier versions, which used the file layout of s3rver, into the store.
import { existsSync } from 'node:fs'
import { constants, copyFile, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Store } from './store.ts'

const SUFFIX = '._S3rver_object'

/** Drops open multipart uploads. If it is interrupted, the next start continues. */
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
      // Works on a copy, so that an interruption leaves the old file unchanged.
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
