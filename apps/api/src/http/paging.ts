// Pages of a list: the presented items and the cursor of the next page.

/** @param rows one more than `limit` when there is a next page */
export function toPage<R extends { readonly id: string | bigint }, T>(
  rows: readonly R[],
  limit: number,
  present: (row: R) => T,
): { items: T[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(present), nextCursor: rows.length > limit && last !== undefined ? String(last.id) : null }
}
