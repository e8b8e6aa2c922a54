// Lists as CSV, for spreadsheets and scripts: one row per item, one column per field of the JSON.
import { csv, escapeFormula } from '@waybill/shared/formats/csv.ts'
import type { CastReturnObject } from 'csv-stringify'
import { stringify } from 'csv-stringify/sync'
import type { Request, Response } from 'express'
import type { z } from 'zod'

/** Whether to send CSV. The query parameter wins over `Accept`; the default is JSON. */
export function wantsCsv(request: Request, response: Response, format: 'json' | 'csv' | undefined): boolean {
  // A cache must keep both representations apart.
  response.vary('Accept')
  return (format ?? request.accepts(['json', 'csv'])) === 'csv'
}

/** The first line of the CSV: the names of the fields. */
export function csvHeader(item: z.ZodObject): string {
  return toCsv(item, [])
}

/** Sends the cursor as a `Link` header, because CSV has no place for it. */
export function sendCsv(
  request: Request,
  response: Response,
  item: z.ZodObject,
  { items, nextCursor }: { readonly items: readonly object[]; readonly nextCursor: string | null },
): void {
  if (nextCursor !== null) response.set('Link', `<${pageUrl(request, nextCursor)}>; rel="next"`)
  response.type(csv.contentType).send(toCsv(item, items))
}

/** Null is an empty field and empty text is `""`, as in the exports (docs/formats.md). Nested values are JSON text. */
function toCsv(item: z.ZodObject, items: readonly object[]): string {
  return stringify([...items], {
    header: true,
    columns: Object.keys(item.shape),
    record_delimiter: '\r\n',
    cast: { string: castText, boolean: String, object: (value) => JSON.stringify(value) },
  })
}

function castText(text: string): string | CastReturnObject {
  return text === '' ? { value: '', quoted_empty: true } : escapeFormula(text)
}

function pageUrl({ originalUrl }: Request, cursor: string): string {
  // The base is only needed to parse the URL; the result is relative to the server.
  const url = new URL(originalUrl, 'http://localhost')
  url.searchParams.set('cursor', cursor)
  return `${url.pathname}${url.search}`
}
