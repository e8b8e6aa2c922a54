// Waits and signals that depend on an AbortSignal.

/** Settles like `promise`, but rejects as soon as the signal aborts: a broken connection may never answer. */
export async function waitOrAbort<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** A signal that aborts `delayMs` after the given one, with the same reason. The timer does not keep the process alive. */
export function delayedAbort(signal: AbortSignal, delayMs: number): AbortSignal {
  const delayed = new AbortController()
  const start = () => void setTimeout(() => delayed.abort(signal.reason), delayMs).unref()
  if (signal.aborted) start()
  else signal.addEventListener('abort', start, { once: true })
  return delayed.signal
}
