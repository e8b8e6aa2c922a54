// The idempotency key of a request: unique, and also available on pages without HTTPS.
import { afterEach, expect, it, vi } from 'vitest'
import { createClient } from '../../../packages/client/src/index.ts'

afterEach(() => void vi.unstubAllGlobals())

it('creates valid idempotency keys in browsers without randomUUID', async () => {
  // In a browser outside of a secure context, randomUUID is missing (https://www.w3.org/TR/webcrypto/#Crypto-interface).
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
  const keys: (string | null)[] = []
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    keys.push(new Headers(init?.headers).get('idempotency-key'))
    return Response.json({ id: 'x' }, { status: 202 })
  }
  const { exports } = createClient({ url: 'http://waybill.example', key: 'wb_x', fetch })
  for (let call = 0; call < 100; call += 1) await exports.create({ dataset: 'users', format: 'csv' })
  for (const key of keys) expect(key).toMatch(/^[\x21-\x7e]{16,255}$/)
  expect(new Set(keys).size).toBe(100)
})
