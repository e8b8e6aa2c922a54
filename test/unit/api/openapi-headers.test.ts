// The check of response headers against the OpenAPI document, which all tests of the API use.
import { expect, it } from 'vitest'
import { findHeaderFaults } from '../../setup/api/openapi.ts'

const RESPONSE = { headers: { 'Retry-After': { required: true }, RateLimit: { required: false } } }

it.each([
  [{ 'Retry-After': '1', RateLimit: '"caller";r=1;t=1', 'Content-Type': 'text/plain' }, []],
  [{ 'retry-after': '1' }, []],
  [{}, ['the header Retry-After is missing']],
  [{ 'Retry-After': '1', ETag: 'W/"1"' }, ['the header etag is not documented']],
  [{ 'Retry-After': '1', 'Idempotency-Replayed': 'true' }, ['the header idempotency-replayed is not documented']],
  [{ 'Retry-After': '1', 'RateLimit-Policy': '"caller"' }, ['the header ratelimit-policy is not documented']],
])('%j', (headers, faults) => {
  expect(findHeaderFaults(RESPONSE, { headers: new Headers(headers as Record<string, string>) })).toEqual(faults)
})
