// The speed and the remaining time of an export, computed from samples of its progress.

export interface Speed {
  readonly rowsPerSecond: number
  /** Milliseconds; undefined: there is no usable estimate of the rows. */
  readonly left: number | undefined
}

export interface Sample {
  readonly at: number
  readonly rows: number
}

/** Samples of this period count: long enough for a steady value, short enough to notice a change. */
export const WINDOW_MS = 10_000

/** @param now milliseconds. Undefined when there was no progress for a whole window */
export function speedOf(samples: readonly Sample[], estimatedRows: number | null, now: number): Speed | undefined {
  // Before the first row the database sorts. That time says nothing about the speed of the rows.
  const first = samples.find(({ rows }) => rows > 0)
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.at === first.at) return undefined
  if (now - last.at >= WINDOW_MS) return undefined
  const rowsPerSecond = ((last.rows - first.rows) / (last.at - first.at)) * 1000
  if (rowsPerSecond <= 0) return undefined
  const rowsLeft = estimatedRows === null ? 0 : estimatedRows - last.rows
  return { rowsPerSecond, left: rowsLeft > 0 ? (rowsLeft / rowsPerSecond) * 1000 : undefined }
}
