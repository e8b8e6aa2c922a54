// Runs one export of the demo over HTTP, downloads the file, and checks it.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FormatName } from '@waybill/shared/vocabulary/export.ts'
import type { System } from '../system.ts'
import { COUNT_ROWS } from './count-rows.ts'

export interface Verified {
  readonly dataset: string
  readonly format: FormatName
  readonly rows: number
  readonly bytes: number
  /** Time from the request to the completed export. */
  readonly seconds: number
  readonly sha256: string
}

interface Request {
  readonly dataset: string
  readonly format: FormatName
  readonly expectedRows: number
  /** For the downloaded file, which is removed after the check. */
  readonly directory: string
  /** Called with the state of the export, often. */
  readonly onProgress: (text: string) => void
}

/** The properties of an export that the demo uses. */
interface ExportAnswer {
  readonly id: string
  readonly status: string
  readonly filename: string
  readonly progress: { readonly rows: number; readonly bytes: number; readonly percent: number | null }
  readonly rowCount: number
  readonly bytes: number
  readonly sha256: string
  readonly download?: { readonly url: string }
  readonly error?: { readonly code: string; readonly message: string }
}

const POLL_INTERVAL_MS = 50

/** @throws Error that names the check that failed */
export async function exportAndVerify(system: System, request: Request): Promise<Verified> {
  const { dataset, format, expectedRows, directory, onProgress } = request
  const call = async (method: string, path: string, body?: object): Promise<ExportAnswer> => {
    const response = await fetch(`${system.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${system.apiKey}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as ExportAnswer
  }

  const startedAt = performance.now()
  const elapsed = () => (performance.now() - startedAt) / 1000
  let answer = await call('POST', '/v1/exports', { dataset, format })
  while (answer.status === 'queued' || answer.status === 'running') {
    await sleep(POLL_INTERVAL_MS)
    answer = await call('GET', `/v1/exports/${answer.id}`)
    const { rows, percent } = answer.progress
    const rate = Math.round(rows / elapsed()).toLocaleString('en')
    if (rows > 0) onProgress(`${percent ?? '?'} %, ${rows.toLocaleString('en')} rows, ${rate} rows/s`)
  }
  const seconds = elapsed()
  if (answer.status !== 'completed' || answer.download === undefined) {
    throw new Error(`${dataset} ${format} is ${answer.status}: ${answer.error?.code} ${answer.error?.message}`)
  }

  onProgress('downloading and checking')
  const path = join(directory, answer.filename)
  const file = await download(answer.download.url, path)
  const rows = await COUNT_ROWS[format](path)
  await rm(path)
  const check = (what: string, found: unknown, expected: unknown) => {
    if (found !== expected) throw new Error(`${dataset} ${format}: ${what} is ${found}, expected ${expected}`)
  }
  check('the SHA-256 of the download', file.sha256, answer.sha256)
  check('the size of the download', file.bytes, answer.bytes)
  check('the number of rows in the file', rows, expectedRows)
  check('rowCount', answer.rowCount, expectedRows)
  return { dataset, format, rows, bytes: file.bytes, seconds, sha256: file.sha256 }
}

/** Downloads through the signed link, without credentials. */
async function download(url: string, path: string): Promise<{ bytes: number; sha256: string }> {
  const response = await fetch(url)
  if (!response.ok || response.body === null) throw new Error(`The signed link was answered ${response.status}`)
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(
    Readable.fromWeb(response.body),
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        bytes += chunk.byteLength
        yield chunk
      }
    },
    createWriteStream(path),
  )
  return { bytes, sha256: hash.digest('hex') }
}
