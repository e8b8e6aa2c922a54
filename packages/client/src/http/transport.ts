// One HTTP transport per server: credentials and their renewal, JSON, errors, retries.
import type { Problem } from '@waybill/shared/contract/problem.ts'
import { parseRetryAfter } from '@waybill/shared/contract/retry-after'
import { WaybillError } from './errors.ts'
import { type RetryPolicy, withRetries } from './retry.ts'

/** The last parameter of every method. */
export interface CallOptions {
  /** Ends the call, its waits and its retries. The call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A query as callers write it: fields that have a default are optional. */
export type Sent<Query> = { readonly [Name in keyof Query]?: Query[Name] | undefined }

export interface TransportOptions extends RetryPolicy {
  readonly url: string
  readonly key: (() => MaybeKey | Promise<MaybeKey>) | string | undefined
  /** Makes `key` return another key after a 401. */
  readonly renewKey?: (() => Promise<void>) | undefined
  /** Receives the outcome of each attempt: its error, or undefined when the server answered. */
  readonly onAttempt?: ((error: WaybillError | undefined) => void) | undefined
  /** Milliseconds that one attempt may take, its body included. */
  readonly timeout: number
  readonly fetch: typeof globalThis.fetch
}

type MaybeKey = string | undefined

export interface Call extends CallOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** As in `/v1/exports`; ids in it are encoded by `segment`. */
  readonly path: string
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The body of the answer is text, not JSON. */
  readonly isText?: boolean
  /** Whether the call may be repeated. Default: every method but POST. */
  readonly isIdempotent?: boolean
}

export interface Answer<T> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

export interface Transport {
  /** @throws WaybillError for every status that is neither 2xx nor 304 */
  send<T>(call: Call): Promise<Answer<T>>
  /**
   * One attempt, for files: returns the response with its body unread. Follows redirects to the storage; `fetch` does not
   * send the key to another origin.
   */
  open(call: Pick<Call, 'path' | 'headers' | 'signal'>, silence: AbortSignal): Promise<Response>
  readonly retry: RetryPolicy
  readonly timeout: number
}

export function createTransport(options: TransportOptions): Transport {
  const base = readBase(options.url)
  const exchange = createExchange(options)

  const sendOnce = async <T>(call: Call): Promise<Answer<T>> => {
    const timeout = AbortSignal.timeout(options.timeout)
    const init = {
      method: call.method ?? 'GET',
      headers: {
        Accept: 'application/json',
        ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...call.headers,
      },
      signal: either(call.signal, timeout),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    }
    const response = await exchange(`${base}${call.path}${queryString(call.query)}`, init, call.signal)
    const text = await reach(call.signal, () => response.text())
    if (!response.ok && response.status !== 304) throw answeredError(response, text)
    const body = call.isText === true ? text : readJson(response, text)
    return { status: response.status, headers: response.headers, body: body as T }
  }

  const attempt = async <T>(call: Call): Promise<Answer<T>> => {
    try {
      const answer = await sendOnce<T>(call)
      options.onAttempt?.(undefined)
      return answer
    } catch (error) {
      if (error instanceof WaybillError) options.onAttempt?.(error)
      throw error
    }
  }

  return {
    retry: options,
    send: (call) => {
      const isIdempotent = call.isIdempotent ?? call.method !== 'POST'
      return withRetries(() => attempt(call), options, isIdempotent, call.signal)
    },
    timeout: options.timeout,
    open: ({ path, headers = {}, signal }, silence) =>
      exchange(`${base}${path}`, { headers, signal: either(signal, silence) }, signal),
  }
}

interface Init {
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

type Exchange = (url: string, init: Init, signal: AbortSignal | undefined) => Promise<Response>

/** Sends a request with the key. After a 401 it renews the key and sends the request once more. */
function createExchange({ key, renewKey, fetch }: TransportOptions): Exchange {
  const readKey = async (): Promise<MaybeKey> => (typeof key === 'function' ? key() : key)
  let renewal: Promise<void> | undefined
  // Concurrent calls share one renewal: many identity providers accept a refresh token only once.
  const renew = (): Promise<void> => {
    renewal ??= Promise.resolve(renewKey?.()).finally(() => {
      renewal = undefined
    })
    return renewal
  }

  return async (url, init, signal) => {
    const sendWith = (current: MaybeKey) => {
      const authorization: Record<string, string> = current === undefined ? {} : { Authorization: `Bearer ${current}` }
      return reach(signal, () => fetch(url, { ...init, headers: { ...init.headers, ...authorization } }))
    }
    const used = await readKey()
    const response = await sendWith(used)
    // A redirect leads to the storage, whose 401 is not about the key.
    if (response.status !== 401 || response.redirected || used === undefined || renewKey === undefined) return response
    // Another call may have renewed the key since this one was sent.
    if ((await readKey()) === used) await renew()
    const renewed = await readKey()
    if (renewed === undefined || renewed === used) return response
    await response.body?.cancel()
    return sendWith(renewed)
  }
}

/** Converts an error response. */
export function answeredError(response: Response, text: string): WaybillError {
  const details = {
    status: response.status,
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfter: parseRetryAfter(response.headers.get('retry-after')),
  }
  if (/^application\/problem\+json\b/.test(response.headers.get('content-type') ?? '')) {
    const problem = readJson(response, text) as Problem
    return new WaybillError(problem.code, sayProblem(problem), { ...details, problem })
  }
  const message = `The answer (status ${response.status}) does not come from Waybill. Check the address of the server.`
  return new WaybillError('UNEXPECTED_ANSWER', message, details)
}

function sayProblem({ title, detail, errors = [] }: Problem): string {
  if (errors.length === 0) return `${title}. ${detail}`
  return `${title}: ${errors.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')}.`
}

/** Encodes an id for a path: the id "../me" must not lead to another address. */
export function segment(text: string): string {
  // Encoding does not protect "." and "..": URL parsers resolve them (WHATWG URL, 4.4).
  if (text === '' || text === '.' || text === '..') throw new TypeError(`"${text}" is not an id`)
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
    const message = 'The answer is not JSON, so it does not come from Waybill. Check the address of the server.'
    throw new WaybillError('UNEXPECTED_ANSWER', message, { status: response.status, cause })
  }
}

function either(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal === undefined ? other : AbortSignal.any([signal, other])
}

/** Converts what `fetch` throws into a WaybillError. An abort of the caller keeps its reason. */
export async function reach<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (cause) {
    signal?.throwIfAborted()
    throw new WaybillError('NETWORK', `The server could not be reached: ${reason(cause)}.`, { cause })
  }
}

/** Node's message is always "fetch failed"; the cause has the reason. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const { cause } = error
  const inner = cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause
  return inner instanceof Error && inner.message !== '' ? inner.message : error.message
}
