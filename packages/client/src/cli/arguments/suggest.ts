// Suggests the known word that is closest to a typo.

/** ` Did you mean X?`, or empty text. */
export function didYouMean(typed: string, known: readonly string[], prefix = ''): string {
  const nearest = findNearest(typed, known)
  return nearest === undefined ? '' : ` Did you mean ${prefix}${nearest}?`
}

/** The known word with the smallest edit distance; undefined when every word is too far away. */
function findNearest(typed: string, known: readonly string[]): string | undefined {
  const maxDistance = Math.max(1, Math.floor(typed.length / 3))
  const ranked = known
    .map((word) => ({ word, distance: word.startsWith(typed) && typed.length > 1 ? 1 : editDistance(typed, word) }))
    .filter((candidate) => candidate.distance <= maxDistance)
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.word
}

/** Inserted, deleted, replaced and swapped letters (optimal string alignment distance). */
export function editDistance(from: string, to: string): number {
  let before: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1]
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    before = last
    last = row
  }
  return at(last, to.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
