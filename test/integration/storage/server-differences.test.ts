// What differs between S3 servers: the settings for it reach the requests, and what an answer lacks fails no whole file.
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readConfig } from '@waybill/shared/settings/read.ts'
import { createStorage, type StorageOptions } from '@waybill/shared/storage/storage.ts'
import { storageOptions as optionsOf } from '@waybill/shared/wiring.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RecordingS3, startRecordingS3 } from '../../setup/network/recording-s3.ts'
import { PART_BYTES, putOptions } from '../../setup/storage.ts'

let s3: RecordingS3
beforeAll(async () => {
  s3 = await startRecordingS3()
})
afterAll(() => s3.close())
beforeEach(() => {
  s3.requests.length = 0
  s3.etags.complete = s3.etags.head = '"made"'
  s3.lengthError = 0
})

const SETTINGS = {
  DATABASE_URL: 'postgres://none',
  S3_BUCKET: 'files',
  S3_FORCE_PATH_STYLE: 'true',
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
}

const options = (settings: Record<string, string> = {}): StorageOptions =>
  optionsOf(readConfig({ ...SETTINGS, S3_ENDPOINT: s3.endpoint, ...settings }))

/** Uploads an object of two parts and a small one, with these settings. */
async function write(settings: Record<string, string> = {}, bytes = PART_BYTES + 1): Promise<void> {
  const storage = createStorage(options(settings))
  async function* body() {
    yield randomBytes(bytes)
  }
  try {
    await storage.put('file', body(), putOptions())
    await storage.putJson('manifest', {}, new AbortController().signal)
  } finally {
    storage.close()
  }
}

describe('a whole file is accepted', () => {
  it.each([
    ['the end of the upload has no ETag', { complete: undefined }],
    ['the end of the upload has an empty ETag', { complete: '' }],
    ['the object has no ETag', { head: undefined }],
    ['one ETag has quotes and the other has none', { complete: 'made' }],
  ])('when %s', async (_, etags) => {
    Object.assign(s3.etags, etags)
    await write()
    await write({}, 10)
  })

  it('and an object with another length or version is not', async () => {
    s3.lengthError = -1
    s3.etags.complete = undefined
    await expect(write()).rejects.toMatchObject({ code: 'STORAGE_MISMATCH' })
    s3.lengthError = 0
    s3.etags.complete = '"other"'
    await expect(write()).rejects.toMatchObject({ code: 'STORAGE_MISMATCH', message: expect.stringContaining('other') })
  })
})

describe('the settings', () => {
  /** The headers of the requests that make an object: the beginning of the upload, and the manifest. */
  const headers = async (settings: Record<string, string>) => {
    await write(settings)
    const made = s3.making()
    expect(made.map(({ method }) => method)).toEqual(['POST', 'PUT'])
    return made.map((request) => request.headers)
  }

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['S3_SSE=AES256', { S3_SSE: 'AES256' }, { 'x-amz-server-side-encryption': 'AES256' }],
    [
      'S3_SSE=aws:kms with a key',
      { S3_SSE: 'aws:kms', S3_SSE_KMS_KEY_ID: 'key-1' },
      { 'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': 'key-1' },
    ],
    ['S3_STORAGE_CLASS', { S3_STORAGE_CLASS: 'STANDARD_IA' }, { 'x-amz-storage-class': 'STANDARD_IA' }],
    ['S3_TAGS', { S3_TAGS: 'team=data,for=monthly report' }, { 'x-amz-tagging': 'team=data&for=monthly+report' }],
    ['S3_SESSION_TOKEN', { S3_SESSION_TOKEN: 'temporary' }, { 'x-amz-security-token': 'temporary' }],
  ])('%s: every object gets it', async (_, settings, expected) => {
    for (const seen of await headers(settings)) expect(seen).toMatchObject(expected)
    s3.requests.length = 0
    for (const seen of await headers({})) {
      for (const name of Object.keys(expected)) expect(seen).not.toHaveProperty(name)
    }
  })

  it('S3_CHECKSUMS=when_required: no request has a checksum', async () => {
    const checksums = () =>
      s3.requests.flatMap(({ headers }) => Object.keys(headers)).filter((name) => /checksum|^x-amz-trailer/.test(name))
    await write()
    expect(checksums()).not.toEqual([])
    s3.requests.length = 0
    await write({ S3_CHECKSUMS: 'when_required' })
    expect(checksums().filter((name) => name !== 'x-amz-checksum-mode')).toEqual([])
  })

  it('S3_LIST_UPLOADS=false: the server is not asked for open uploads', async () => {
    const storage = createStorage(options({ S3_LIST_UPLOADS: 'false' }))
    expect(await storage.abortUploads('')).toBe(false)
    expect(s3.requests).toEqual([])
    storage.close()
  })

  it('S3_FORCE_PATH_STYLE=false: the bucket is part of the host name, also in links', async () => {
    const storage = createStorage(options({ S3_ENDPOINT: 'http://s3.example.com', S3_FORCE_PATH_STYLE: 'false' }))
    const url = new URL(await storage.signedUrl('a/b', 60))
    expect([url.host, url.pathname]).toEqual(['files.s3.example.com', '/a/b'])
    storage.close()
  })

  it('S3_ROLE_ARN: the keys of the role sign requests and links, and STS gets the external id', async () => {
    const role = {
      S3_ROLE_ARN: 'arn:aws:iam::123456789012:role/waybill',
      S3_ROLE_EXTERNAL_ID: 'production',
      S3_STS_ENDPOINT: s3.endpoint,
    }
    await write(role)
    const [asked, ...others] = s3.requests
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: role.S3_ROLE_ARN,
      ExternalId: 'production',
      RoleSessionName: 'waybill',
    })
    expect(asked?.headers.authorization).toContain('Credential=key/')
    expect(others.length).toBeGreaterThan(4)
    for (const { headers } of others) {
      expect(headers.authorization).toContain('Credential=ASSUMED/')
      expect(headers['x-amz-security-token']).toBe('token-of-the-role')
    }
    const storage = createStorage(options(role))
    expect(new URL(await storage.signedUrl('a', 60)).searchParams.get('X-Amz-Credential')).toMatch(/^ASSUMED\//)
    storage.close()
  })
})

describe('a configuration that cannot work is no outage: its message names the setting', () => {
  /** Answers each request with this. */
  async function serverWith(status: number, body: string): Promise<{ server: Server; endpoint: string }> {
    const server = createServer((request, response) => {
      request.resume()
      response.writeHead(status, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? '' : body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { server, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }
  const error = (code: string, message = '') => `<?xml version="1.0"?><Error><Code>${code}</Code>${message}</Error>`

  it.each([
    ['a wrong secret', 403, error('SignatureDoesNotMatch'), 'STORAGE_ACCESS_DENIED', 'S3_SECRET_ACCESS_KEY'],
    ['an unknown key', 403, error('InvalidAccessKeyId'), 'STORAGE_ACCESS_DENIED', 'S3_ACCESS_KEY_ID'],
    ['an old session token', 400, error('ExpiredToken'), 'STORAGE_ACCESS_DENIED', 'S3_SESSION_TOKEN'],
    ['a clock that is wrong', 403, error('RequestTimeTooSkewed'), 'STORAGE_MISCONFIGURED', 'clocks'],
    ['another region', 400, error('AuthorizationHeaderMalformed'), 'STORAGE_MISCONFIGURED', 'S3_REGION'],
    ['a class that is unknown', 400, error('InvalidStorageClass'), 'STORAGE_MISCONFIGURED', 'S3_STORAGE_CLASS'],
    ['a key of KMS that is unknown', 400, error('KMS.NotFoundException'), 'STORAGE_MISCONFIGURED', 'S3_SSE_KMS_KEY_ID'],
    [
      'a request that the server does not support',
      501,
      error('NotImplemented', '<Message>A header is not implemented</Message>'),
      'STORAGE_MISCONFIGURED',
      'NotImplemented: A header is not implemented',
    ],
  ])('%s', async (_, status, body, code, text) => {
    const { server, endpoint } = await serverWith(status, body)
    try {
      const outcome = expect(write({ S3_ENDPOINT: endpoint })).rejects
      await outcome.toMatchObject({ code, message: expect.stringContaining(text), kind: { retryable: false } })
    } finally {
      server.close()
    }
  })

  it('https to a port of http', async () => {
    const settings = { S3_ENDPOINT: s3.endpoint.replace('http:', 'https:') }
    await expect(write(settings)).rejects.toMatchObject({
      code: 'STORAGE_MISCONFIGURED',
      message: expect.stringContaining('S3_ENDPOINT begins with https://, but its port takes plain http'),
    })
  })

  it('but a host that the DNS does not know at all is an outage', async () => {
    await expect(
      write({ S3_ENDPOINT: 'http://no-such-host.invalid', S3_FORCE_PATH_STYLE: 'false' }),
    ).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringMatching(/^The object storage is unavailable: (ENOTFOUND|EAI_AGAIN)\.$/),
    })
  })
})
