// One connection of a download: the bytes of the file from an offset until the connection ends.
import { WaybillError } from '../http/errors.ts'
import { withRetries } from '../http/retry.ts'
import { answeredError, reach, type Transport } from '../http/transport.ts'

export type Part = AsyncGenerator<Uint8Array, void, void>

/** Opens a connection with a new signed link. @throws WaybillError the error of the server or the storage */
export function openAt(
  transport: Transport,
  path: string,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Part> {
  // Each attempt gets a new link, because the previous one may have expired.
  return withRetries(() => openOnce(transport, path, offset, signal), transport.retry, true, signal)
}

async function openOnce(
  transport: Transport,
  path: string,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Part> {
  const silence = new AbortController()
  const cut = () => silence.abort(new DOMException('no data received in time', 'TimeoutError'))
  const headers: Record<string, string> = offset === 0 ? {} : { Range: `bytes=${offset}-` }
  const timer = setTimeout(cut, transport.timeout)
  try {
    const response = await transport.open({ path, headers, signal }, silence.signal)
    if (!response.ok) throw refusal(response, await reach(signal, () => response.text()))
    // A storage without support for ranges sends the file from its beginning (RFC 9110, 14.2).
    return read(response, { skip: response.status === 206 ? 0 : offset, timeout: transport.timeout, cut, signal })
  } finally {
    clearTimeout(timer)
  }
}

interface ReadOptions {
  /** Bytes at the beginning to skip. */
  readonly skip: number
  /** Milliseconds without data after which the connection is treated as lost. A slow reader does not count. */
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
    // Closes the connection when the reader stops early. Has no effect after the end.
    await reader?.cancel().catch(() => undefined)
  }
}

function refusal(response: Response, text: string): WaybillError {
  const error = answeredError(response, text)
  if (error.problem !== undefined) return error
  const message = `The storage refused the download with status ${response.status}.`
  return new WaybillError('DOWNLOAD_REFUSED', message, { status: response.status, retryAfter: error.retryAfter })
}
