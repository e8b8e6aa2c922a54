// Downloads the file of an export to a path or to standard output.
import { access, constants, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { WaybillClient } from '../client.ts'
import { fileExists, saveExport } from '../node/save-export.ts'
import type { Flags } from './arguments/command.ts'
import { Interrupted, onInterrupt } from './terminal/interrupt.ts'
import type { Output } from './terminal/output.ts'
import { createProgress } from './terminal/progress.ts'
import { sayBytes, sayRows, sayWarnings } from './terminal/wording.ts'

export const FILE_FLAGS = {
  output: {
    type: 'text',
    short: 'o',
    value: 'FILE',
    description: 'a file, a directory, or - for standard output (default: the name given by the server)',
  },
  force: { type: 'switch', description: 'overwrite an existing file' },
} as const satisfies Flags

export interface FetchOptions {
  readonly client: WaybillClient
  readonly output: Output
  /** The value of `-o`. */
  readonly file: string | undefined
  readonly overwrite: boolean
}

/** Checks before the request that the file can be written. @throws WaybillError FILE_EXISTS, Error of Node */
export async function checkTarget(file: string | undefined, overwrite: boolean): Promise<void> {
  if (file === undefined || file === '-') return
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (found === undefined) {
    await access(dirname(file), constants.W_OK).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT')
        error.message = `The directory ${dirname(resolve(file))} does not exist. Create it first.`
      throw error
    })
  } else if (!found.isDirectory() && !overwrite) throw fileExists(resolve(file))
}

/** Prints the path of the file. @throws Interrupted, and what `saveExport` throws */
export async function fetchFile(done: Export, { client, output, file, overwrite }: FetchOptions): Promise<void> {
  const progress = createProgress(output)
  const stop = new AbortController()
  const again = `waybill download ${done.id}${file === undefined ? '' : ` -o ${quote(file)}`}`
  const unlisten = onInterrupt((signal) => {
    const advice = file === '-' ? undefined : `The data received so far is kept. To resume: ${again}`
    stop.abort(new Interrupted(signal, advice))
  })
  const onProgress = (bytes: number, total: number) => progress.download(bytes, total)
  try {
    if (file === '-') {
      const total = done.bytes ?? 0
      const { body } = await client.exports.download(done.id, {
        signal: stop.signal,
        onProgress: (n) => onProgress(n, total),
      })
      await pipeline(Readable.fromWeb(body), process.stdout, { end: false })
      progress.clear()
      return printFile(done, output)
    }
    const saved = await saveExport(client, done.id, { path: file, overwrite, signal: stop.signal, onProgress })
    progress.clear()
    if (saved.resumedFrom > 0) output.info(`Resumed after ${sayBytes(saved.resumedFrom)}.`)
    printFile(saved.export, output)
    output.result(
      { export: saved.export, file: { path: saved.path, bytes: saved.bytes, sha256: saved.sha256 } },
      () => saved.path,
    )
  } catch (error) {
    progress.clear()
    // After an abort, the stream may throw another error than the reason.
    stop.signal.throwIfAborted()
    throw error
  } finally {
    unlisten()
  }
}

function printFile(found: Export, { done, warn }: Output): void {
  const size = `${sayRows(found.rowCount ?? 0)}, ${sayBytes(found.bytes ?? 0)}`
  done(`${size}, SHA-256 verified`, String(found.sha256))
  for (const warning of sayWarnings(found)) warn(warning)
}

/** The absolute path of the file; undefined when the server names it. */
export function absolute(file: string | undefined): string | undefined {
  return file === undefined || file === '-' ? undefined : resolve(file)
}

/** Quotes an argument for a shell. */
export function quote(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
