// Calls the API over HTTP, and checks every response against the OpenAPI document.
import { setTimeout as sleep } from 'node:timers/promises'
import { checkAgainstDocument } from './openapi.ts'

export interface Answer<T = Record<string, unknown>> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

// biome-ignore lint/suspicious/noExplicitAny: the tests check the responses; each assertion names the fields that it reads.
export type Json = any

export interface ApiClient {
  get(path: string, headers?: Record<string, string>): Promise<Answer<Json>>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer<Json>>
  patch(path: string, body: unknown): Promise<Answer<Json>>
  delete(path: string): Promise<Answer<Json>>
  /** Any other request. */
  send(method: string, path: string, init?: RequestInit): Promise<Answer<Json>>
  /** Requests an export, waits until it has ended, and returns it. */
  export(request: Record<string, unknown>): Promise<Json>
  /** Polls until the export has ended. */
  ended(id: string): Promise<Json>
}

const ENDED = new Set(['completed', 'failed', 'canceled', 'expired'])

/** @param key undefined: sends no Authorization header */
export function createApiClient(url: string, key: string | undefined): ApiClient {
  const send = async (method: string, path: string, init: RequestInit = {}): Promise<Answer<Json>> => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      method,
      redirect: 'manual',
      headers: { ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }), ...init.headers },
    })
    const text = await response.text()
    const { status, headers: answered } = response
    const isJson = /[/+]json/.test(answered.get('content-type') ?? '')
    const answer = { status, headers: answered, body: isJson && text !== '' ? JSON.parse(text) : text }
    await checkAgainstDocument(url, { method, path, sent: init.body, ...answer })
    return answer
  }
  const client: ApiClient = {
    send,
    get: (path, headers = {}) => send('GET', path, { headers }),
    post: (path, body, headers = {}) =>
      send('POST', path, {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'Content-Type': 'application/json', ...headers },
      }),
    patch: (path, body) =>
      send('PATCH', path, { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    delete: (path) => send('DELETE', path),
    async export(request) {
      const { status, body } = await client.post('/v1/exports', request)
      if (status !== 202) throw new Error(`POST /v1/exports answered ${status}: ${JSON.stringify(body)}`)
      return client.ended(body.id)
    },
    async ended(id) {
      // The interval grows to 200 ms: tests that wait for seconds leave the CPU to others.
      for (let intervalMs = 20; ; intervalMs = Math.min(1.2 * intervalMs, 200)) {
        const { status, body } = await client.get(`/v1/exports/${id}`)
        if (status !== 200) throw new Error(`GET /v1/exports/${id} answered ${status}: ${JSON.stringify(body)}`)
        if (ENDED.has(body.status)) return body
        await sleep(intervalMs)
      }
    },
  }
  return client
}
