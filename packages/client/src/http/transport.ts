// Speaks HTTP with one server: addresses, credentials, JSON, problems, tries.
import type { Problem } from '@waybill/shared/contract/problem.ts'
import { WaybillError } from './errors.ts'
import { type RetryPolicy, withRetries } from './retry.ts'

/** Every method takes these last. */
export interface CallOptions {
  /** Ends the call, its waits and its retries; the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A query as callers give it: what has a default may be left out. */
export type Sent<Query> = { readonly [Name in keyof Query]?: Query[Name] | undefined }

export interface TransportOptions extends RetryPolicy {
  readonly url: string
  readonly key: (() => string | Promise<string>) | string | undefined
  /** Milliseconds that one try may take, its body included. */
  readonly timeout: number
  readonly fetch: typeof globalThis.fetch
}

export interface Call extends CallOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** As in `/v1/exports`; ids in it are encoded by `path`. */
  readonly path: string
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Whether a second time does no harm; by default what is not POST. */
  readonly isIdempotent?: boolean
}

export interface Answer<T> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

export interface Transport {
  /** @throws WaybillError for every answer that is neither 2xx nor 304 */
  send<T>(call: Call): Promise<Answer<T>>
  /** One try, the answer unread: for files. Follows redirects, which lead to the storage and lose the key on the way. */
  open(call: Pick<Call, 'path' | 'headers' | 'signal'>, silence: AbortSignal): Promise<Response>
  readonly retry: RetryPolicy
  readonly timeout: number
}

export function createTransport(options: TransportOptions): Transport {
  const base = readBase(options.url)
  const credentials = async (): Promise<Record<string, string>> => {
    const key = typeof options.key === 'function' ? await options.key() : options.key
    return key === undefined ? {} : { Authorization: `Bearer ${key}` }
  }

  const tryOnce = async <T>(call: Call): Promise<Answer<T>> => {
    const timeout = AbortSignal.timeout(options.timeout)
    const headers: Record<string, string> = {
      Accept: 'application/json',
      ...(await credentials()),
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...call.headers,
    }
    const response = await reach(call.signal, () =>
      options.fetch(`${base}${call.path}${queryString(call.query)}`, {
        method: call.method ?? 'GET',
        headers,
        signal: either(call.signal, timeout),
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      }),
    )
    const text = await reach(call.signal, () => response.text())
    if (!response.ok && response.status !== 304) throw answeredError(response, text)
    return { status: response.status, headers: response.headers, body: readJson(response, text) as T }
  }

  return {
    retry: options,
    send: (call) => {
      const isIdempotent = call.isIdempotent ?? call.method !== 'POST'
      return withRetries(() => tryOnce(call), options, isIdempotent, call.signal)
    },
    timeout: options.timeout,
    async open({ path, headers, signal }, silence) {
      const init = { headers: { ...headers, ...(await credentials()) }, signal: either(signal, silence) }
      return reach(signal, () => options.fetch(`${base}${path}`, init))
    },
  }
}

/** The error that an answer stands for. */
export function answeredError(response: Response, text: string): WaybillError {
  const details = {
    status: response.status,
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfter: readRetryAfter(response.headers),
  }
  if (/^application\/problem\+json\b/.test(response.headers.get('content-type') ?? '')) {
    const problem = readJson(response, text) as Problem
    return new WaybillError(problem.code, sayProblem(problem), { ...details, problem })
  }
  const message = `Something other than Waybill answered, with status ${response.status}. Check the server's address.`
  return new WaybillError('UNEXPECTED_ANSWER', message, details)
}

function sayProblem({ title, detail, errors = [] }: Problem): string {
  if (errors.length === 0) return `${title}. ${detail}`
  return `${title}: ${errors.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')}.`
}

/** Milliseconds; the header has seconds or a date (RFC 9110, 10.2.3). */
export function readRetryAfter(headers: Headers): number | undefined {
  const text = headers.get('retry-after')
  if (text === null) return undefined
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds)
}

/** A segment of a path, from outside: an id "../me" must not become another address. */
export function segment(text: string): string {
  // These two no encoding can protect: URLs have them resolved (WHATWG URL, 4.4).
  if (text === '' || text === '.' || text === '..') throw new TypeError(`"${text}" is no id`)
  return encodeURIComponent(text)
}

function readBase(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(`url must be the address of a Waybill server, as in https://waybill.example, not "${url}"`)
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`
}

function queryString(query: Call['query'] = {}): string {
  const set = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) set.set(name, String(value))
  return set.size === 0 ? '' : `?${set}`
}

function readJson(response: Response, text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `The answer is not JSON, which Waybill's always are. Check the server's address.`
    throw new WaybillError('UNEXPECTED_ANSWER', message, { status: response.status, cause })
  }
}

function either(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal === undefined ? other : AbortSignal.any([signal, other])
}

/** What fetch throws as an error of ours, but for the caller's own abort. */
export async function reach<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (cause) {
    signal?.throwIfAborted()
    throw new WaybillError('NETWORK', `The server could not be reached: ${reason(cause)}.`, { cause })
  }
}

/** Node says "fetch failed" and keeps what happened in the cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const { cause } = error
  const inner = cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause
  return inner instanceof Error && inner.message !== '' ? inner.message : error.message
}
