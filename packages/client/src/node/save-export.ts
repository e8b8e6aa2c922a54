// Saves the file of an export in Node: resumes an earlier download, and publishes only a complete file.
import { createReadStream, createWriteStream } from 'node:fs'
import { link, open, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { WaybillClient } from '../client.ts'
import type { Download } from '../download/download.ts'
import { localName } from '../download/local-name.ts'
import { WaybillError } from '../http/errors.ts'
import type { CallOptions } from '../http/transport.ts'

export interface SaveOptions extends CallOptions {
  /** A file or an existing directory. Default: the file name of the export, in the working directory. */
  readonly path?: string | undefined
  /** Replace an existing file. */
  readonly overwrite?: boolean | undefined
  /** Receives the bytes that have arrived and the size of the file. */
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined
}

export interface Saved {
  /** Absolute. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** Bytes that an earlier, interrupted call had saved. */
  readonly resumedFrom: number
  readonly export: Export
}

/** The temporary file. The id in its name keeps the data of two exports apart. */
export function partPath(path: string, id: string): string {
  // A server may answer a request with any id, also with a path.
  return `${path}.${localName(id)}.part`
}

/**
 * @throws WaybillError FILE_EXISTS, and what `exports.download` throws
 * @throws Error of Node for errors of the disk. After any error, the next call resumes the download
 */
export async function saveExport(client: WaybillClient, id: string, options: SaveOptions = {}): Promise<Saved> {
  const { signal, overwrite = false, onProgress } = options
  const { filename, bytes: total } = await client.exports.get(id, { signal })
  const path = await resolveTarget(options.path, localName(filename))
  if (!overwrite && (await size(path)) !== undefined) throw fileExists(path)

  const part = partPath(path, id)
  const progress = { signal, onProgress: (bytes: number) => onProgress?.(bytes, total ?? bytes) }
  let resumedFrom = (await size(part)) ?? 0
  let download: Download
  try {
    download = await fetchInto(part, resumedFrom)
  } catch (error) {
    if (!(error instanceof WaybillError) || error.code !== 'CHECKSUM_MISMATCH') throw error
    // The saved bytes are wrong, so the download must start again.
    await rm(part, { force: true })
    if (resumedFrom === 0) throw error
    resumedFrom = 0
    download = await fetchInto(part, resumedFrom)
  }
  await publish(part, path, overwrite)
  return { path, bytes: download.bytes, sha256: download.sha256, resumedFrom, export: download.export }

  async function fetchInto(file: string, offset: number): Promise<Download> {
    const have = offset > 0 ? createReadStream(file) : undefined
    const started = await client.exports.download(id, { ...progress, have })
    await pipeline(Readable.fromWeb(started.body), createWriteStream(file, { flags: 'a' }))
    return started
  }
}

async function resolveTarget(path: string | undefined, filename: string): Promise<string> {
  if (path === undefined) return resolve(filename)
  const isDirectory = (await stat(path).catch(ignoreMissing))?.isDirectory() ?? false
  return resolve(isDirectory ? join(path, filename) : path)
}

async function size(path: string): Promise<number | undefined> {
  return (await stat(path).catch(ignoreMissing))?.size
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** Flushes the file to the disk, then gives it its name atomically. */
async function publish(part: string, path: string, overwrite: boolean): Promise<void> {
  const file = await open(part, 'r+')
  await file.sync()
  await file.close()
  if (overwrite) return rename(part, path)
  try {
    // A rename would replace a file created meanwhile; a link does not.
    await link(part, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw fileExists(path)
    // The file system has no hard links.
    return rename(part, path)
  }
  await rm(part)
}

export function fileExists(path: string): WaybillError {
  return new WaybillError('FILE_EXISTS', `${path} already exists.`)
}
