// Lists that are longer than one page of the API: limited to a number of items, or as CSV.
import type { CsvPage } from '../http/pages.ts'
import type { Flags } from './arguments/command.ts'
import { UsageError } from './arguments/usage-error.ts'
import type { Context } from './context.ts'
import type { Output } from './terminal/output.ts'

/** The largest page of the API. */
export const MAX_PAGE_SIZE = 200

export const CSV_FLAG = { csv: { type: 'switch', description: 'print CSV with all fields' } } as const satisfies Flags

/** @throws UsageError with --csv and --json together */
export function isCsv({ csv }: { readonly csv: boolean }, { output }: Context): boolean {
  if (csv && output.isJson) throw new UsageError('--csv and --json cannot be used together')
  return csv
}

export async function take<T>(items: AsyncIterable<T>, limit: number): Promise<T[]> {
  const taken: T[] = []
  for await (const item of items) if (taken.push(item) >= limit) break
  return taken
}

interface PageQuery {
  readonly limit: number
  readonly cursor: string | undefined
}

/** Prints page by page, so that a long list does not have to fit into memory. Only the first page keeps its header. */
export async function writeCsv(
  output: Output,
  limit: number,
  readPage: (query: PageQuery) => Promise<CsvPage>,
): Promise<void> {
  let cursor: string | undefined
  for (let left = limit; left > 0; left -= MAX_PAGE_SIZE) {
    const page = await readPage({ limit: Math.min(left, MAX_PAGE_SIZE), cursor })
    // The names of the fields need no quotes, so the header is the first line.
    output.text(cursor === undefined ? page.csv : page.csv.slice(page.csv.indexOf('\n') + 1))
    if (page.nextCursor === null) return
    cursor = page.nextCursor
  }
}
