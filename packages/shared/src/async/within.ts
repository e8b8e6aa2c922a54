// Waits for an answer, but not for ever.

/** Settles like `work`, or rejects with `late()` when that takes longer than so many milliseconds. */
export async function within<T>(milliseconds: number, work: PromiseLike<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), milliseconds)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
