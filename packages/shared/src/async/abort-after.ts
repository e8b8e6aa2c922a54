// A signal that gives what is under way a little longer than the one it follows.

/** Aborts, with the same reason, so many milliseconds after the other has aborted; never before. */
export function abortAfter(signal: AbortSignal, milliseconds: number): AbortSignal {
  const late = new AbortController()
  const follow = () => void setTimeout(() => late.abort(signal.reason), milliseconds).unref()
  if (signal.aborted) follow()
  else signal.addEventListener('abort', follow, { once: true })
  return late.signal
}
