// HTTP rules: methods, media types, body sizes and invalid bodies, each with a helpful error.
import { request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer, Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ worker: false })
})
afterAll(() => system.stop())

async function send(method: string, path: string, init: RequestInit = {}): Promise<Answer<Json>> {
  const response = await fetch(`${system.url}${path}`, {
    ...init,
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...init.headers },
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

const JSON_TYPE = { 'content-type': 'application/json' }
const GOOD = JSON.stringify({ dataset: 'users', format: 'csv' })
const post = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = JSON_TYPE) =>
  send('POST', '/v1/exports', { body, headers })

describe('an unsupported method is 405 with Allow', () => {
  it.each([
    ['PUT', '/v1/exports', ['GET', 'HEAD', 'POST']],
    ['DELETE', '/v1/exports', ['GET', 'HEAD', 'POST']],
    ['POST', '/v1/exports/history', ['GET', 'HEAD']],
    ['PUT', '/v1/exports/preview', ['POST']],
    ['PATCH', '/v1/exports/018f0000-0000-7000-8000-000000000000', ['DELETE', 'GET', 'HEAD']],
    ['POST', '/v1/datasets', ['GET', 'HEAD']],
    ['DELETE', '/v1/me', ['GET', 'HEAD']],
    ['PUT', '/v1/api-keys', ['GET', 'HEAD', 'POST']],
  ])('%s %s', async (method, path, allowed) => {
    const answer = await send(method, path)
    expectProblem(answer, 405, 'METHOD_NOT_ALLOWED')
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(allowed)
  })
})

describe('an unknown path or id is 404', () => {
  it.each([
    '/v1/nothing',
    '/nothing',
    '/v1/exports/1',
    '/v1/exports/undefined',
    '/v1/exports/018f0000-0000-7000-8000-000000000000',
    "/v1/exports/018f0000-0000-7000-8000-000000000000'--",
    '/v1/exports/018f0000-0000-7000-8000-000000000000/nothing',
    '/v1/exports/%00',
    '/v1/exports/%E0%A4%A',
    '/v1/exports/..%2F..%2Fetc%2Fpasswd/download',
  ])('%s', async (path) => {
    expectProblem(await send('GET', path), 404, 'NOT_FOUND')
  })
})

describe('an invalid query parameter is 422 with its name', () => {
  it.each([
    ['/v1/exports?limit=0', 'limit'],
    ['/v1/exports?limit=201', 'limit'],
    ['/v1/exports?limit=ten', 'limit'],
    ['/v1/exports?limit=1&limit=2', 'limit'],
    ['/v1/exports?limit=', 'limit'],
    ['/v1/exports?scope=everything', 'scope'],
    ['/v1/exports?status=done', 'status'],
    ['/v1/exports?cursor=1', 'cursor'],
    ['/v1/exports?dataset=%00', 'dataset'],
    ['/v1/exports?state=failed', 'state'],
    ['/v1/exports?__proto__=1', '__proto__'],
    ['/v1/exports/history?limit=201', 'limit'],
    ['/v1/exports/history?cursor=018f0000-0000-7000-8000-000000000000', 'cursor'],
  ])('%s', async (path, field) => {
    const errors = expectProblem(await send('GET', path), 422, 'VALIDATION_FAILED')
    expect(errors.map((error) => error.split(':')[0])).toEqual([field])
  })
})

describe('a body that is not JSON is 400', () => {
  it.each([
    ['half an object', '{"dataset": "users"'],
    ['nothing', ''],
    ['text', '"users"'],
    ['null', 'null'],
    ['a number', '1'],
    ['a form', 'dataset=users&format=csv'],
    ['two objects', '{}{}'],
    ['a comment', '{/* */}'],
  ])('%s', async (_, body) => {
    expectProblem(await post(body), 400, 'BODY_NOT_JSON')
  })

  it('bytes that do not match their Content-Encoding', async () => {
    expectProblem(
      await post(Buffer.from('no gzip'), { ...JSON_TYPE, 'content-encoding': 'gzip' }),
      400,
      'BODY_NOT_JSON',
    )
  })

  it('no body and no Content-Type', async () => {
    expectProblem(await send('POST', '/v1/exports'), 400, 'BODY_NOT_JSON')
  })
})

describe('a media type that is not JSON is 415', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonp', 'nonsense'])(
    '%s',
    async (type) => {
      expectProblem(await post(GOOD, { 'content-type': type }), 415, 'UNSUPPORTED_MEDIA_TYPE')
    },
  )

  it('no Content-Type, an unknown charset or encoding', async () => {
    expectProblem(await post(Buffer.from(GOOD), {}), 415, 'UNSUPPORTED_MEDIA_TYPE')
    const charset = { 'content-type': 'application/json; charset=klingon' }
    expectProblem(await post(GOOD, charset), 415, 'UNSUPPORTED_MEDIA_TYPE')
    expectProblem(await post(GOOD, { ...JSON_TYPE, 'content-encoding': 'lzma' }), 415, 'UNSUPPORTED_MEDIA_TYPE')
  })

  it('accepts JSON with a charset, an uppercase type or compression', async () => {
    expect((await post(GOOD, { 'content-type': 'Application/JSON; charset=UTF-8' })).status).toBe(202)
    expect((await post(gzipSync(GOOD), { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(202)
  })
})

describe('a body over 100 kB is 413 before it is parsed', () => {
  const padded = (bytes: number) => GOOD.padEnd(bytes, ' ')

  it('at the exact limit', async () => {
    expect((await post(padded(100_000))).status).toBe(202)
    expectProblem(await post(padded(100_001)), 413, 'BODY_TOO_LARGE')
  })

  it('also without Content-Length, and when it is compressed', async () => {
    const chunks = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 3; i++) controller.enqueue(new TextEncoder().encode(padded(50_000)))
        controller.close()
      },
    })
    const init = { body: chunks, headers: JSON_TYPE, duplex: 'half' } as RequestInit
    expectProblem(await send('POST', '/v1/exports', init), 413, 'BODY_TOO_LARGE')
    const bomb = gzipSync(padded(50_000_000))
    expect(bomb.byteLength).toBeLessThan(100_000)
    expectProblem(await post(bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' }), 413, 'BODY_TOO_LARGE')
  })
})

it('a response is not cached, not sniffed, and has its request id in the log', async () => {
  for (const path of ['/v1/me', '/v1/nothing', '/healthz']) {
    const { headers } = await send('GET', path)
    expect(headers.get('cache-control')).toMatch(/no-store|no-cache/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.get('x-powered-by')).toBeNull()
  }
})

it('a client that disconnects during the body affects no other request', async () => {
  for (let i = 0; i < 20; i++) {
    await new Promise<void>((resolve) => {
      const headers = { ...JSON_TYPE, authorization: `Bearer ${ADMIN_KEY}`, 'content-length': '5000' }
      const request = httpRequest(`${system.url}/v1/exports`, { method: 'POST', headers })
      request.on('error', () => resolve())
      request.write('{"dataset":')
      request.once('socket', (socket) => socket.once('connect', () => setTimeout(() => request.destroy(), 5)))
    })
  }
  expect((await post(GOOD)).status).toBe(202)
})
