// Checks the form of an error response of the API.
import { expect } from 'vitest'
import type { Answer, Json } from './api-client.ts'

const FIELDS = ['type', 'title', 'status', 'detail', 'instance', 'code', 'errors']

/** Callers must not see stack frames, SQL, Prisma, connection strings or signatures. */
const SECRETS =
  /\n\s+at |node_modules|prisma|SELECT |INSERT |postgres(ql)?:\/\/|redis:\/\/|X-Amz-|Signature=|wb_[\w-]{20}/i

/** Checks the problem as docs/api.md describes it (RFC 9457). @returns its errors as `path: message` */
export function expectProblem(answer: Answer<Json>, status: number, code: string): string[] {
  const { headers, body } = answer
  expect(answer.status, JSON.stringify(body)).toBe(status)
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(body).toMatchObject({
    type: expect.stringMatching(new RegExp(`^urn:waybill:error:${code}$`)),
    title: expect.stringMatching(/\w/),
    status,
    detail: expect.stringMatching(/\w/),
    instance: expect.stringMatching(/^\/[^?]*$/),
    code,
  })
  expect(Object.keys(body).filter((key) => !FIELDS.includes(key))).toEqual([])
  expect(JSON.stringify(body)).not.toMatch(SECRETS)
  return (body.errors ?? []).map(({ path, message }: { path: string; message: string }) => `${path}: ${message}`)
}
