// Lists in pages: single pages, all items in sequence, and pages as CSV.
import { WaybillError } from './errors.ts'
import type { CallOptions, Transport } from './transport.ts'

export interface Page<T> {
  readonly items: readonly T[]
  /** The `cursor` of the next page; null on the last page. */
  readonly nextCursor: string | null
}

type Query = Readonly<Record<string, string | number | undefined>>

/** Iterates over all pages. A page is requested when its first item is needed. */
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

export interface CsvPage {
  /** With a header row. Text that a spreadsheet would run as a formula starts with an apostrophe. */
  readonly csv: string
  /** The `cursor` of the next page; null on the last page. */
  readonly nextCursor: string | null
}

/** @throws WaybillError UNEXPECTED_ANSWER when the server does not offer CSV, and what `send` throws */
export async function csvPage(
  transport: Transport,
  path: string,
  query: Query,
  { signal }: CallOptions,
): Promise<CsvPage> {
  const call = { path, query, headers: { Accept: 'text/csv' }, signal, isText: true } as const
  const { headers, body } = await transport.send<string>(call)
  if (!/^text\/csv\b/.test(headers.get('content-type') ?? '')) {
    throw new WaybillError(
      'UNEXPECTED_ANSWER',
      'The server does not offer this list as CSV. It may be an older version.',
    )
  }
  const [, cursor] = /[?&]cursor=([^&>]+)[^>]*>; rel="next"/.exec(headers.get('link') ?? '') ?? []
  return { csv: body, nextCursor: cursor === undefined ? null : decodeURIComponent(cursor) }
}
