// One connection of a download: the bytes of the file from an offset on, for as long as they come.
import { WaybillError } from '../http/errors.ts'
import { withRetries } from '../http/retry.ts'
import { answeredError, reach, type Transport } from '../http/transport.ts'

export type Part = AsyncGenerator<Uint8Array, void, void>

/** By a link that is signed for this connection. @throws WaybillError what the server or the storage answered */
export function openAt(
  transport: Transport,
  path: string,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Part> {
  // Idempotent: it is a GET. The link of an earlier try may have ended meanwhile, so each has its own.
  return withRetries(() => openOnce(transport, path, offset, signal), transport.retry, true, signal)
}

async function openOnce(
  transport: Transport,
  path: string,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Part> {
  const silence = new AbortController()
  const cut = () => silence.abort(new DOMException('nothing came in time', 'TimeoutError'))
  const headers: Record<string, string> = offset === 0 ? {} : { Range: `bytes=${offset}-` }
  const timer = setTimeout(cut, transport.timeout)
  try {
    const response = await transport.open({ path, headers, signal }, silence.signal)
    if (!response.ok) throw refusal(response, await reach(signal, () => response.text()))
    // Who does not know ranges sends the file from its beginning (RFC 9110, 14.2).
    return read(response, { skip: response.status === 206 ? 0 : offset, timeout: transport.timeout, cut, signal })
  } finally {
    clearTimeout(timer)
  }
}

interface ReadOptions {
  /** Bytes at the beginning that are there already. */
  readonly skip: number
  /** Milliseconds of silence after which the connection counts as broken. A reader that is slow is no silence. */
  readonly timeout: number
  readonly cut: () => void
  readonly signal: AbortSignal | undefined
}

async function* read(response: Response, { skip, timeout, cut, signal }: ReadOptions): Part {
  const reader = response.body?.getReader()
  let surplus = skip
  try {
    while (reader !== undefined) {
      const timer = setTimeout(cut, timeout)
      const { done, value } = await reach(signal, () => reader.read()).finally(() => clearTimeout(timer))
      if (done) return
      const fresh = value.subarray(surplus)
      surplus -= value.length - fresh.length
      if (fresh.length > 0) yield fresh
    }
  } finally {
    // Whoever stops reading wants no more of it to come; after the end this does nothing.
    await reader?.cancel().catch(() => undefined)
  }
}

function refusal(response: Response, text: string): WaybillError {
  const error = answeredError(response, text)
  if (error.problem !== undefined) return error
  const message = `The storage did not give the file out: status ${response.status}.`
  return new WaybillError('DOWNLOAD_REFUSED', message, { status: response.status, retryAfter: error.retryAfter })
}
