// Moves one item of a list to another index.

export function move<T>(items: readonly T[], from: number, to: number): readonly T[] {
  const place = Math.max(0, Math.min(items.length - 1, to))
  const one = items[from]
  if (one === undefined || place === from) return items
  const rest = items.toSpliced(from, 1)
  return rest.toSpliced(place, 0, one)
}
