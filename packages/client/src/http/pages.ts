// Lists that come in pages: one page at a time, or all of their items one after the other.
import type { CallOptions, Transport } from './transport.ts'

export interface Page<T> {
  readonly items: readonly T[]
  /** Send it as `cursor` for the next page; null: there is none. */
  readonly nextCursor: string | null
}

type Query = Readonly<Record<string, string | number | undefined>>

/** Follows the cursors; a page is asked for when its first item is. Stop whenever you like. */
export async function* items<T>(
  transport: Transport,
  path: string,
  query: Query,
  { signal }: CallOptions,
): AsyncGenerator<T, void, void> {
  let cursor = query.cursor
  do {
    const { body } = await transport.send<Page<T>>({ path, query: { ...query, cursor }, signal })
    yield* body.items
    cursor = body.nextCursor ?? undefined
  } while (cursor !== undefined)
}
