// Limits how long a caller waits for a promise.

/** Settles like `work`. Rejects with `onTimeout()` when `work` has not settled after `timeoutMs`; it is not canceled. */
export async function withTimeout<T>(timeoutMs: number, work: PromiseLike<T>, onTimeout: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(onTimeout()), timeoutMs)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
