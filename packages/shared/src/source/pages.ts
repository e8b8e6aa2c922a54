// Fetches the rows of an open cursor page by page, the next one always under way.

import { waitOrAbort } from '../async/abort.ts'
import type { Database } from '../database/client.ts'
import type { Cell, Column, Page } from '../vocabulary/table.ts'
import { cellReaders } from './cell.ts'
import { sourceError } from './failure.ts'
import type { Packing } from './packed-row.ts'

/** Rows of the first page: few, as nothing is known yet of how wide they are. */
const FIRST_PAGE_ROWS = 100

/** Characters of a page, about: wide rows come in smaller pages, so that memory stays flat. */
const PAGE_LENGTH = 1_048_576

export type Transaction = Parameters<Parameters<Database['$transaction']>[0]>[0]

interface Fetching {
  readonly rows: Promise<{ readonly row: string }[]>
  /** How many were asked for: fewer are the last. */
  readonly size: number
}

export interface PageReader {
  /** Whether the server is at work on a page. */
  isFetching(): boolean
  /** Every row, once. @throws WaybillError SOURCE_*; the signal's reason */
  pages(signal: AbortSignal): AsyncGenerator<Page, void, void>
}

/** Reads the cursor `waybill` of the transaction. The first page is fetched from now on: a sort begins with it. */
export function createPageReader(
  tx: Transaction,
  packing: Packing,
  columns: readonly Column[],
  pageSize: number,
): PageReader {
  let fetching = 0
  const fetch = (size: number): Fetching => {
    fetching += 1
    // Prisma's promises are lazy: without `finally` the query would start only when it is awaited.
    const rows = tx.$queryRawUnsafe<{ row: string }[]>(`FETCH FORWARD ${size} FROM waybill`).finally(() => {
      fetching -= 1
    })
    rows.catch(() => undefined) // an error of a page that nobody awaits any more is not an unhandled one
    return { rows, size }
  }
  const first = fetch(Math.min(pageSize, FIRST_PAGE_ROWS))
  return {
    isFetching: () => fetching > 0,
    async *pages(signal) {
      const readers = cellReaders(columns)
      let next = first
      try {
        for (;;) {
          const { rows: fetched, size } = next
          const rows = await waitOrAbort(fetched, signal)
          const last = rows.length < size
          if (!last) next = fetch(Math.max(1, Math.min(pageSize, Math.floor(PAGE_LENGTH / rowLength(rows)))))
          if (rows.length > 0) yield rows.map(({ row }) => readCells(packing.unpack(row), readers))
          if (last) return
        }
      } catch (error) {
        throw signal.aborted ? signal.reason : sourceError(error)
      }
    },
  }
}

/** Characters of a row, on the average of the page; at least 1. */
function rowLength(rows: readonly { readonly row: string }[]): number {
  let length = rows.length
  for (const { row } of rows) length += row.length
  return length / rows.length
}

function readCells(cells: Cell[], readers: ReturnType<typeof cellReaders>): Cell[] {
  for (let index = 0; index < readers.length; index++) {
    const read = readers[index]
    const text = cells[index]
    if (read !== undefined && text != null) cells[index] = read(text)
  }
  return cells
}
