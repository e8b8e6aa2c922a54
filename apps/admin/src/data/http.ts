// One request to the service: the token, the errors, and what is already known (ETag).
import { connection } from './connection.ts'
import { ApiProblem, ConnectionLost, isPassing } from './problem.ts'
import { endSession, type Session, sessionStore } from './session.ts'

export interface RequestOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Instead of the session's: to try a key before it becomes one. */
  readonly token?: string
}

export interface Answer<T> {
  readonly body: T
  /** Seconds after which the service wants to be asked again; undefined: nothing will change by itself. */
  readonly retryAfter: number | undefined
}

/** @throws ApiProblem, ConnectionLost; a 401 for the session's token also ends the session */
export async function send<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const { session } = sessionStore.get()
  let response = await exchange(method, path, options, options.token ?? session?.token)
  if (response.status === 401 && options.token === undefined && session !== undefined) {
    const renewed = await renewOnce(session)
    if (renewed === undefined) endSession('expired')
    else response = await exchange(method, path, options, renewed.token)
  }
  return read<T>(response, options.signal)
}

const known = new Map<string, { readonly etag: string; readonly body: unknown }>()
const KNOWN_AT_MOST = 100

/** A GET that sends the ETag of what it got last time, and gives that again when nothing has changed. */
export async function poll<T>(path: string, signal: AbortSignal): Promise<Answer<T>> {
  const before = known.get(path)
  const headers = before === undefined ? {} : { 'If-None-Match': before.etag }
  const { session } = sessionStore.get()
  const response = await exchange('GET', path, { headers, signal }, session?.token)
  if (response.status === 304 && before !== undefined) {
    connection.set('ok')
    return { body: before.body as T, retryAfter: retryAfterOf(response) }
  }
  if (response.status === 401) return send<T>('GET', path, { signal })
  const answer = await read<T>(response, signal)
  const etag = response.headers.get('etag')
  if (known.size >= KNOWN_AT_MOST) known.clear()
  if (etag !== null) known.set(path, { etag, body: answer.body })
  return answer
}

/** What was known of one caller is nothing for the next. */
export function forgetAnswers(): void {
  known.clear()
}

async function exchange(method: string, path: string, options: RequestOptions, token: string | undefined) {
  const { body, headers, signal } = options
  try {
    return await fetch(path, {
      method,
      // The browser's own cache would keep answers longer than the session.
      cache: 'no-store',
      headers: {
        Accept: 'application/json',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (error) {
    throw lostUnlessAborted(error, signal)
  }
}

function lostUnlessAborted(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return error
  connection.set('lost')
  return new ConnectionLost('', { cause: error })
}

async function read<T>(response: Response, signal: AbortSignal | undefined): Promise<Answer<T>> {
  const retryAfter = retryAfterOf(response)
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
  const body: unknown = isJson ? await bodyOf(response, signal) : undefined
  if (response.ok) {
    connection.set('ok')
    return { body: body as T, retryAfter }
  }
  const problem = new ApiProblem(response.status, body, retryAfter)
  connection.set(isPassing(problem) && problem.status !== 429 ? 'away' : 'ok')
  throw problem
}

/** The line may also break in the middle of an answer. */
async function bodyOf(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    return await response.json()
  } catch (error) {
    throw lostUnlessAborted(error, signal)
  }
}

function retryAfterOf(response: Response): number | undefined {
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10)
  return Number.isNaN(seconds) ? undefined : seconds
}

let renewing: Promise<Session | undefined> | undefined

/** Many requests may find at once that the token is over; a refresh token works once. */
async function renewOnce(session: Session): Promise<Session | undefined> {
  if (session.refreshToken === undefined) return undefined
  const { renewSession } = await import('./oidc.ts')
  renewing ??= renewSession(session.refreshToken).finally(() => {
    renewing = undefined
  })
  return renewing
}
