// Ends an encoder at once when its export is aborted, even while its source hangs.

/**
 * Yields the items of `source`. When `signal` aborts, the pending read is abandoned and `signal.reason` is thrown. If the
 * consumer stops early, the source is closed, and its `finally` has run before the consumer continues.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  const iterator = source[Symbol.asyncIterator]()
  // Like for-await: a source that has ended or failed is not closed again.
  let open = false
  try {
    for (;;) {
      open = false
      const item = await orAbort(() => iterator.next(), signal)
      if (item.done) return
      open = true
      yield item.value
    }
  } finally {
    const closed = open || signal.aborted ? iterator.return?.() : undefined
    // A source that hangs in a read runs return() only after that read, perhaps never. So do not wait for it.
    if (signal.aborted) closed?.catch(ignoreAfterAbort)
    else await closed
  }
}

/** Waits for one promise or the abort, and removes its listener. Promise.race would leave a listener for each call. */
function orAbort<T>(start: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const forget = () => signal.removeEventListener('abort', onAbort)
    start().then(resolve, reject).finally(forget)
  })
}

function ignoreAfterAbort(): void {
  // The caller gets the reason of the abort. Later errors of the abandoned source are ignored.
}
