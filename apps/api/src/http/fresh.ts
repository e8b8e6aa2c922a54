// One answer for all who ask within a moment: whoever asks more often than that learns nothing, and costs a lot.

/** @param milliseconds for which an answer holds; while it is under way, all wait for the same */
export function keepFresh<T>(milliseconds: number, ask: () => Promise<T>): () => Promise<T> {
  let latest: Promise<T> | undefined
  let staleAt = Number.POSITIVE_INFINITY
  return () => {
    if (latest !== undefined && performance.now() < staleAt) return latest
    staleAt = Number.POSITIVE_INFINITY // while it is under way
    latest = ask().finally(() => {
      staleAt = performance.now() + milliseconds
    })
    return latest
  }
}
