// Requests an export over HTTP, and measures the time from the request to `completed`.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FormatChoice } from '../options.ts'
import type { Service } from '../system/service.ts'
import { countFileRows } from './count-file-rows.ts'

export interface TimedExport {
  readonly id: string
  /** From the request to the first response with `completed`. */
  readonly seconds: number
  readonly rowCount: number
  readonly bytes: number
  readonly sha256: string
  readonly downloadUrl: string
}

export interface ExportOptions {
  readonly format: FormatChoice
  readonly limit?: number
  /** Milliseconds between two polls. */
  readonly pollEvery: number
}

/** The fields of an export that are used here. */
interface Answer {
  readonly id: string
  readonly status: string
  readonly rowCount: number
  readonly bytes: number
  readonly sha256: string
  readonly download?: { readonly url: string }
  readonly error?: unknown
}

/** Does not wait for it. */
export function requestExport(service: Service, { format, limit }: Omit<ExportOptions, 'pollEvery'>): Promise<Answer> {
  const { format: name, compression } = format
  const body = JSON.stringify({ dataset: 'user-points', format: name, compression, ...(limit && { limit }) })
  return ask(service, 'POST', '/v1/exports', body)
}

/** @throws Error if the export does not complete */
export async function runExport(service: Service, { format, limit, pollEvery }: ExportOptions): Promise<TimedExport> {
  const startedAt = performance.now()
  let answer = await requestExport(service, limit === undefined ? { format } : { format, limit })
  while (answer.status === 'queued' || answer.status === 'running') {
    await sleep(pollEvery)
    answer = await ask(service, 'GET', `/v1/exports/${answer.id}`)
  }
  const seconds = (performance.now() - startedAt) / 1000
  if (answer.status !== 'completed' || answer.download === undefined) {
    throw new Error(`the ${format.name} export is ${answer.status}: ${JSON.stringify(answer.error)}`)
  }
  const { id, rowCount, bytes, sha256, download } = answer
  return { id, seconds, rowCount, bytes, sha256, downloadUrl: download.url }
}

/**
 * Compares the export with the number of rows in the database. With `file`, it also downloads the file and checks its rows, bytes
 * and SHA-256. Then it removes the file of the export.
 *
 * @param file a path for the download; undefined: the storage stores no files
 * @throws Error if something differs
 */
export async function verifyAndRemove(
  service: Service,
  exported: TimedExport,
  { format, rows, file }: { format: FormatChoice; rows: number; file: string | undefined },
): Promise<void> {
  expectSame(format, 'rows of the export', exported.rowCount, rows)
  if (file !== undefined) await verify(exported, format, rows, file)
  await ask(service, 'DELETE', `/v1/exports/${exported.id}`)
}

async function verify(exported: TimedExport, format: FormatChoice, rows: number, file: string): Promise<void> {
  const response = await fetch(exported.downloadUrl)
  if (!response.ok || response.body === null) throw new Error(`the link answers ${response.status}`)
  const hash = createHash('sha256')
  let bytes = 0
  const meter = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(file))
  expectSame(format, 'bytes', bytes, exported.bytes)
  expectSame(format, 'SHA-256', hash.digest('hex'), exported.sha256)
  expectSame(format, 'rows of the file', await countFileRows(file, format), rows)
}

function expectSame(format: FormatChoice, what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`the ${format.name} file is wrong: ${what}: ${found}, expected ${expected}`)
}

async function ask(service: Service, method: string, path: string, body?: string): Promise<Answer> {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${service.apiKey}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return (text === '' ? {} : JSON.parse(text)) as Answer
}
