// Lets an encoder give up at once when its export is aborted, even while its source hangs.

/**
 * The items of `source`, until `signal` aborts: then the pending read is abandoned and `signal.reason` thrown.
 * A consumer that stops early closes the source, and waits until its `finally` has run.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  const iterator = source[Symbol.asyncIterator]()
  // Like for-await: a source that ended or failed by itself is not closed once more.
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
    // A source that hangs in a read answers return() only after that read, perhaps never: do not wait for it.
    if (signal.aborted) closed?.catch(ignoreAfterAbort)
    else await closed
  }
}

/** Races one promise, and leaves no listener behind; Promise.race on the signal would gather one for each call. */
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
  // The abort is what the caller is told; how the abandoned source then ends has nobody left to hear it.
}
