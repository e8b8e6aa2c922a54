// Downloads of the typed client from a real S3 server: complete and correct, or an error, whatever the network does.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { loadSample } from '../../../apps/standalone/src/sample.ts'
import { createClient, type Export, type WaybillClient } from '../../../packages/client/src/index.ts'
import { partPath, saveExport } from '../../../packages/client/src/node/save-export.ts'
import { type HttpFaultProxy, startHttpFaultProxy } from '../../setup/network/http-fault-proxy.ts'
import { endpointOf, startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

/** Links lead through both proxies to the server. `tcp` cuts connections; `http` records and answers requests. */
let tcp: TcpProxy
let http: HttpFaultProxy
let system: TestSystem
let waybill: WaybillClient
let done: Export
let content: Buffer
let directory: string

beforeAll(async () => {
  http = await startHttpFaultProxy(inject('s3').endpoint)
  tcp = await startTcpProxy(endpointOf(http.endpoint))
  system = await startTestSystem({ settings: { S3_PUBLIC_ENDPOINT: `http://127.0.0.1:${tcp.port}` } })
  await loadSample(system.database.url, { rows: 10_000 })
  waybill = createClient({ url: system.url, key: ADMIN_KEY, timeout: 5_000 })
  done = await system.admin.export({ dataset: 'user-points', format: 'csv' })
  content = Buffer.from(await (await fetch(String(done.download?.url))).arrayBuffer())
  expect(content.length).toBeGreaterThan(1_000_000)
})
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-client-'))
})
afterEach(async () => {
  tcp.restore()
  http.restore()
  await rm(directory, { recursive: true, force: true })
})
afterAll(async () => {
  await tcp.close()
  await http.close()
  await system.stop()
})

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const trail = async () => (await waybill.exports.events(done.id)).filter(({ type }) => type === 'export.downloaded')

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('the stream', () => {
  it('has the bytes of the file and its metadata, and the trail records the download', async () => {
    const before = (await trail()).length
    const progress: number[] = []
    const { body, ...facts } = await waybill.exports.download(done.id, { onProgress: (bytes) => progress.push(bytes) })
    expect(digest(await readAll(body))).toBe(done.sha256)
    expect(facts).toMatchObject({
      filename: done.filename,
      contentType: 'text/csv; charset=utf-8',
      bytes: content.length,
    })
    expect(progress.at(-1)).toBe(content.length)
    expect((await trail()).length).toBe(before + 1)
  })

  it('resumes after every lost connection, and delivers each byte once', async () => {
    const seen = http.requests.length
    // The second cut waits for the first, so that it always hits the next connection.
    const cuts = tcp.cutAfter(200_000, 'downstream').then(() => tcp.cutAfter(300_000, 'downstream'))
    const { body } = await waybill.exports.download(done.id)
    expect(content.equals(await readAll(body))).toBe(true)
    await cuts
    expect(http.requests.length - seen).toBe(3)
  })

  it('resumes when the storage stops sending', async () => {
    http.fail(({ method }) => method === 'GET', { kind: 'hang-in-answer' }, { times: 1 })
    const { body } = await waybill.exports.download(done.id)
    expect(content.equals(await readAll(body))).toBe(true)
  })

  it('resumes with a storage without range requests', async () => {
    const whole = await startHttpFaultProxy(system.url)
    try {
      // The whole file, whatever range was requested.
      const answer = { kind: 'answer', status: 200, body: content.toString('utf8') } as const
      whole.fail(({ path }) => path.endsWith('/download'), answer)
      const client = createClient({ url: whole.endpoint, key: ADMIN_KEY })
      const have = (async function* () {
        yield content.subarray(0, 70_000)
      })()
      const { body } = await client.exports.download(done.id, { have })
      expect(content.subarray(70_000).equals(await readAll(body))).toBe(true)
    } finally {
      await whole.close()
    }
  })

  it('does not treat a slow reader as a silent storage', async () => {
    const client = createClient({ url: system.url, key: ADMIN_KEY, timeout: 2_000 })
    const { body } = await client.exports.download(done.id)
    const reader = body.getReader()
    const first = await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 3_000)) // longer than the timeout of the client
    reader.releaseLock()
    const rest = await readAll(body)
    expect(digest(Buffer.concat([first.value ?? new Uint8Array(), rest]))).toBe(done.sha256)
  })

  it('fails when a byte is wrong or missing', async () => {
    const wrong = async function* () {
      const bytes = Buffer.from(content.subarray(0, 1_000))
      bytes[500] = (bytes[500] ?? 0) ^ 1
      yield bytes
    }
    const { body } = await waybill.exports.download(done.id, { have: wrong() })
    await expect(readAll(body)).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
    const tooLong = async function* () {
      yield content
      yield content.subarray(0, 1)
    }
    await expect(waybill.exports.download(done.id, { have: tooLong() })).rejects.toMatchObject({
      code: 'CHECKSUM_MISMATCH',
    })
  })

  it('retries temporary errors, then reports the response of the storage', async () => {
    const rule = http.fail(({ method }) => method === 'GET', { kind: 'answer', status: 503, body: 'x' }, { times: 2 })
    await (await waybill.exports.download(done.id)).body.cancel()
    expect(rule.hits).toBe(2)
    http.fail(({ method }) => method === 'GET', { kind: 'answer', status: 403, body: '<Error/>' })
    await expect(waybill.exports.download(done.id)).rejects.toMatchObject({ code: 'DOWNLOAD_REFUSED', status: 403 })
  })

  it('reports a missing file before the stream starts', async () => {
    const { id } = await waybill.exports.create({ dataset: 'users', format: 'csv' })
    await waybill.exports.wait(id)
    await waybill.exports.remove(id)
    await expect(waybill.exports.download(id)).rejects.toMatchObject({ code: 'EXPORT_EXPIRED', status: 410 })
  })

  it('stops when the caller aborts', async () => {
    const enough = new AbortController()
    const reason = new Error('enough')
    const { body } = await waybill.exports.download(done.id, {
      signal: enough.signal,
      onProgress: () => enough.abort(reason),
    })
    await expect(readAll(body)).rejects.toBe(reason)
  })
})

describe('the saved file', () => {
  it('is complete under its own name, without other files', async () => {
    const saved = await saveExport(waybill, done.id, { path: directory })
    expect(saved).toMatchObject({ path: join(directory, done.filename), bytes: content.length, resumedFrom: 0 })
    expect(content.equals(await readFile(saved.path))).toBe(true)
    expect(await readdir(directory)).toEqual([done.filename])
  })

  it('resumes with the next call after an interruption', async () => {
    const path = join(directory, 'points.csv')
    const interrupted = new AbortController()
    const onProgress = (bytes: number) => bytes > 300_000 && interrupted.abort(new Error('Ctrl-C'))
    await expect(saveExport(waybill, done.id, { path, onProgress, signal: interrupted.signal })).rejects.toThrow(
      'Ctrl-C',
    )
    const part = partPath(path, done.id)
    expect(await readdir(directory)).toEqual([part.slice(directory.length + 1)])
    const partSize = (await readFile(part)).length
    expect(partSize).toBeGreaterThan(0)
    expect(await saveExport(waybill, done.id, { path })).toMatchObject({ resumedFrom: partSize })
    expect(content.equals(await readFile(path))).toBe(true)
    expect(await readdir(directory)).toEqual(['points.csv'])
  })

  it.each([
    ['has other content', () => Buffer.from('not the beginning of this file')],
    ['is longer than the file', () => Buffer.concat([content, content])],
  ])('is downloaded from the start when the earlier part %s', async (_what, part) => {
    const path = join(directory, 'points.csv')
    await writeFile(partPath(path, done.id), part())
    expect(await saveExport(waybill, done.id, { path })).toMatchObject({ resumedFrom: 0 })
    expect(content.equals(await readFile(path))).toBe(true)
  })

  it('is only renamed when the interrupted download was complete', async () => {
    const path = join(directory, 'points.csv')
    await writeFile(partPath(path, done.id), content)
    const seen = http.requests.length
    expect(await saveExport(waybill, done.id, { path })).toMatchObject({ resumedFrom: content.length })
    expect(http.requests.length).toBe(seen)
    expect(content.equals(await readFile(path))).toBe(true)
  })

  it('does not replace another file without the option, also not one created meanwhile', async () => {
    const path = join(directory, 'points.csv')
    await writeFile(path, 'mine')
    await expect(saveExport(waybill, done.id, { path })).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    await rm(path)
    const onProgress = () => writeFileSync(path, 'mine')
    await expect(saveExport(waybill, done.id, { path, onProgress })).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    expect(await readFile(path, 'utf8')).toBe('mine')
    expect(await saveExport(waybill, done.id, { path, overwrite: true })).toMatchObject({ resumedFrom: content.length })
    expect(content.equals(await readFile(path))).toBe(true)
  })
})
