// Brings the file of an export here: to a path, or to standard output.
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
    description: 'a file, a directory, or - for standard output (default: the name of the export, here)',
  },
  force: { type: 'switch', description: 'replace a file that is there' },
} as const satisfies Flags

export interface FetchOptions {
  readonly client: WaybillClient
  readonly output: Output
  /** As `-o` has it. */
  readonly file: string | undefined
  readonly overwrite: boolean
}

/** Before anything is asked for: whether the file may be there in the end. @throws WaybillError FILE_EXISTS, Error of Node */
export async function checkTarget(file: string | undefined, overwrite: boolean): Promise<void> {
  if (file === undefined || file === '-') return
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (found === undefined) await access(dirname(file), constants.W_OK)
  else if (!found.isDirectory() && !overwrite) throw fileExists(resolve(file))
}

/** Says where the file is. @throws Interrupted, and what `saveExport` throws */
export async function fetchFile(done: Export, { client, output, file, overwrite }: FetchOptions): Promise<void> {
  const progress = createProgress(output)
  const stop = new AbortController()
  const again = `waybill download ${done.id}${file === undefined ? '' : ` -o ${quote(file)}`}`
  const unlisten = onInterrupt((signal) => {
    const advice = file === '-' ? undefined : `What has arrived is kept. To go on: ${again}`
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
      return sayFile(done, output)
    }
    const saved = await saveExport(client, done.id, { path: file, overwrite, signal: stop.signal, onProgress })
    progress.clear()
    if (saved.resumedFrom > 0) output.remark(`Went on after the ${sayBytes(saved.resumedFrom)} that were here already.`)
    sayFile(saved.export, output)
    output.result(
      { export: saved.export, file: { path: saved.path, bytes: saved.bytes, sha256: saved.sha256 } },
      () => saved.path,
    )
  } catch (error) {
    progress.clear()
    // What broke it off is our own abort, however the stream words it.
    stop.signal.throwIfAborted()
    throw error
  } finally {
    unlisten()
  }
}

function sayFile(found: Export, { remark, warn, paint }: Output): void {
  const size = `${sayRows(found.rowCount ?? 0)}, ${sayBytes(found.bytes ?? 0)}`
  remark(`${paint.good('✓')} ${size}, SHA-256 verified ${paint.dim(`(${found.sha256})`)}`)
  for (const warning of sayWarnings(found)) warn(warning)
}

/** Where the file is to be, for comparing; undefined: wherever its name says. */
export function absolute(file: string | undefined): string | undefined {
  return file === undefined || file === '-' ? undefined : resolve(file)
}

/** As a shell takes it. */
export function quote(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
