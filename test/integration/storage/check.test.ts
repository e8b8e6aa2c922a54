// `npm run storage:check`: finds what a storage lacks, names the setting, and leaves nothing behind.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { checkStorage, type Finding } from '@waybill/shared/storage/check.ts'
import { createStorage, type StorageOptions } from '@waybill/shared/storage/storage.ts'
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest'
import { look } from '../../setup/bucket.ts'
import { type HttpFaultProxy, isUpload, s3Error, startHttpFaultProxy } from '../../setup/network/http-fault-proxy.ts'
import { storageOptions } from '../../setup/storage.ts'

const PREFIX = `storage-check-${randomBytes(4).toString('hex')}/`

let proxy: HttpFaultProxy
beforeAll(async () => {
  proxy = await startHttpFaultProxy(inject('s3').endpoint)
})
afterEach(async () => {
  proxy.restore()
  expect(await look(PREFIX)).toEqual({ objects: [], openUploads: [] })
})
afterAll(() => proxy.close())

async function check(changes: Partial<StorageOptions> = {}): Promise<Finding[]> {
  const options = storageOptions({ endpoint: proxy.endpoint, prefix: PREFIX, ...changes })
  const findings: Finding[] = []
  for await (const finding of checkStorage(options, new AbortController().signal)) findings.push(finding)
  return findings
}

/** Without the missing checksum, as some servers of `npm run test:servers` keep none. */
const isChecksum = ({ text }: Finding) => text.startsWith('The server keeps no checksum of a whole object.')
const problems = (findings: readonly Finding[]) =>
  findings.filter((finding) => finding.level !== 'ok' && !isChecksum(finding))

it('finds nothing wrong with a storage that does everything', async () => {
  const findings = await check()
  expect(problems(findings)).toEqual([])
  expect(findings.filter((finding) => !isChecksum(finding)).map(({ text }) => text)).toEqual([
    `The bucket "${inject('s3').bucket}" answers.`,
    'An object of 5,243,904 bytes was written in two parts.',
    'Open uploads are listed.',
    'A link to S3_ENDPOINT gives the object.',
    'The object was removed.',
  ])
})

it.each<[string, Partial<StorageOptions>, string]>([
  ['a missing bucket', { bucket: 'no-such-bucket' }, 'NoSuchBucket'],
  [
    'a wrong secret',
    { credentials: { accessKeyId: 'waybill', secretAccessKey: 'wrong' } },
    'The bucket cannot be used. The storage rejects the signature: S3_SECRET_ACCESS_KEY is wrong',
  ],
])('ends with %s', async (_, changes, text) => {
  const findings = await check(changes)
  expect(findings.at(-1)).toEqual({ level: 'error', text: expect.stringContaining(text) })
})

it('names the setting for a server that refuses checksums', async () => {
  proxy.fail(
    ({ method, headers }) => method !== 'HEAD' && Object.keys(headers).some((name) => name.includes('checksum')),
    s3Error(501, 'NotImplemented'),
  )
  const [finding] = problems(await check())
  expect(finding).toMatchObject({
    level: 'error',
    text: expect.stringContaining('It works with S3_CHECKSUMS=when_required.'),
  })
})

it('warns of a server that does not list open uploads, and asks for the setting', async () => {
  proxy.fail(({ method, query }) => method === 'GET' && query.has('uploads'), s3Error(501, 'NotImplemented'))
  const found = problems(await check())
  expect(found).toEqual([{ level: 'warning', text: expect.stringContaining('Set S3_LIST_UPLOADS=false.') }])
})

it('warns of an endpoint with a path, and reports links that do not work', async () => {
  const publicEndpoint = `${inject('s3').endpoint}/s3`
  const found = problems(await check({ publicEndpoint }))
  expect(found).toEqual([
    { level: 'warning', text: expect.stringContaining('S3_PUBLIC_ENDPOINT has the path "/s3"') },
    { level: 'error', text: expect.stringMatching(/^A link is answered with 40[0-9]: .*S3_PUBLIC_ENDPOINT/) },
  ])
})

it('warns of a bucket that everyone can read', async () => {
  const isBare = ({ method, query }: { method: string; query: URLSearchParams }) => method === 'GET' && query.size === 0
  proxy.fail(isBare, { kind: 'answer', status: 200, body: 'public' })
  expect(problems(await check())).toEqual([
    { level: 'warning', text: expect.stringContaining('without a signed link') },
  ])
})

it('reports an object that cannot be removed', async () => {
  const rule = proxy.fail(
    ({ method, path }) => method === 'DELETE' && path.endsWith('.bin'),
    s3Error(403, 'AccessDenied'),
  )
  const found = problems(await check())
  expect(found).toEqual([
    { level: 'error', text: expect.stringMatching(/^The object cannot be removed\. AccessDenied/) },
  ])
  rule.remove()
  const storage = createStorage(storageOptions({ prefix: PREFIX }))
  await storage.removeAll('')
  storage.close()
})

it('is a command that ends with 0 when files can be written and read, and with 1 otherwise', async () => {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = inject('s3')
  const program = new URL('../../../apps/api/src/commands/check-storage.ts', import.meta.url).pathname
  const run = async (S3_BUCKET: string) => {
    const env = {
      ...{ S3_ENDPOINT: endpoint, S3_BUCKET, S3_PREFIX: PREFIX, S3_FORCE_PATH_STYLE: 'true' },
      ...{ S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey },
    }
    const done = promisify(execFile)(process.execPath, [program], { env })
    const { stdout } = await done.catch((error: { stdout: string }) => error)
    return { stdout, code: done.child.exitCode }
  }
  const good = await run(bucket)
  expect(good.stdout).toMatch(/^ok {7}The bucket .*\n(.*\n)*ok {7}The object was removed\.\n$/)
  expect(good.code).toBe(0)
  const bad = await run('no-such-bucket')
  expect(bad.stdout).toMatch(/^ERROR {4}The bucket cannot be used\. .*NoSuchBucket/)
  expect(bad.code).toBe(1)
})

it('reports a storage that cannot be written', async () => {
  proxy.fail(isUpload.part, s3Error(507, 'XMinioStorageFull'))
  expect(problems(await check())).toEqual([
    { level: 'error', text: expect.stringMatching(/^An object of two parts cannot be written\./) },
  ])
})
