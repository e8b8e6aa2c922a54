// Headers for browsers: other origins may not call, frame or run anything unless the settings allow it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

const ORIGIN = 'https://app.example.com'

let closed: TestSystem
let open: TestSystem
beforeAll(async () => {
  closed = await startTestSystem({ worker: false })
  open = await startTestSystem({
    worker: false,
    settings: { CORS_ORIGINS: `${ORIGIN},https://other.example.com` },
  })
})
afterAll(async () => {
  await closed.stop()
  await open.stop()
})

const preflight = ({ url }: TestSystem, origin: string) =>
  fetch(`${url}/v1/exports`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key',
    },
  })
const call = ({ url }: TestSystem, origin: string, key: string) =>
  fetch(`${url}/v1/me`, { headers: { origin, authorization: `Bearer ${key}` } })

describe('a page of another origin', () => {
  it('may not call: no response has CORS headers', async () => {
    for (const response of [await preflight(closed, ORIGIN), await call(closed, ORIGIN, ADMIN_KEY)]) {
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  it('named in the settings may call, and may read the documented headers, also of errors', async () => {
    const asked = await preflight(open, ORIGIN)
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(asked.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('idempotency-key')
    for (const key of [ADMIN_KEY, 'wrong']) {
      const answer = await call(open, ORIGIN, key)
      expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN)
      expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After')
      expect(answer.headers.get('access-control-allow-credentials'), 'no cookies').toBeNull()
      expect(answer.headers.get('vary')).toContain('Origin')
    }
  })

  it('with a similar name may not call', async () => {
    for (const origin of ['https://evil.example.com', `${ORIGIN}.evil.example`, 'http://app.example.com', 'null']) {
      const { headers } = await preflight(open, origin)
      expect(headers.get('access-control-allow-origin')).not.toBe(origin)
    }
  })
})

it('every response forbids framing, type sniffing and foreign scripts', async () => {
  for (const path of ['/healthz', '/v1/me', '/nothing', '/auth/config.json']) {
    const { headers } = await fetch(`${open.url}${path}`)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';.*frame-ancestors 'none'/)
  }
})
