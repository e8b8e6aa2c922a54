// Finds what somebody meant who typed something else.

/** ", did you mean X?" or nothing. */
export function didYouMean(typed: string, known: readonly string[], prefix = ''): string {
  const nearest = findNearest(typed, known)
  return nearest === undefined ? '' : ` Did you mean ${prefix}${nearest}?`
}

/** The known word that is a few slips away at most; undefined: none is. */
export function findNearest(typed: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(typed.length / 3))
  const ranked = known
    .map((word) => ({ word, slips: word.startsWith(typed) && typed.length > 1 ? 1 : slips(typed, word) }))
    .filter((candidate) => candidate.slips <= most)
    .sort((a, b) => a.slips - b.slips)
  return ranked[0]?.word
}

/** Letters inserted, left out, replaced, or swapped with their neighbour (optimal string alignment). */
export function slips(from: string, to: string): number {
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
