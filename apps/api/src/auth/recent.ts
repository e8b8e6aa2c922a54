// Remembers keys for a time. When there are too many, the one that was remembered longest ago is forgotten.

export interface Recent {
  add(key: string): void
  has(key: string): boolean
  remove(key: string): void
}

export function createRecent(maxKeys: number, ttlMs: number): Recent {
  const until = new Map<string, number>()
  return {
    add(key) {
      // Deleted first, so that the map stays in the order of last use.
      until.delete(key)
      until.set(key, performance.now() + ttlMs)
      const oldest = until.size > maxKeys ? until.keys().next().value : undefined
      if (oldest !== undefined) until.delete(oldest)
    },
    remove: (key) => void until.delete(key),
    has: (key) => (until.get(key) ?? 0) > performance.now(),
  }
}
