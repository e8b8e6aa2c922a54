// XLSX: a workbook whose sheets are written row by row, and roll over where Excel's end.
import type { Column, Page, Row } from '../../vocabulary/table.ts'
import { abortable } from '../abortable.ts'
import type { EncodeContext, Format } from '../format.ts'
import { headerRow, rowWriter } from './cells.ts'
import {
  contentTypes,
  rootRelationships,
  sheetEnd,
  sheetPath,
  sheetStart,
  styles,
  workbook,
  workbookRelationships,
} from './parts.ts'
import { type ZipEntry, zip } from './zip.ts'

export interface SheetLimits {
  /** Rows beside the header: Excel has 1,048,576. */
  readonly rows: number
  /**
   * Bytes of a sheet's XML, which must stay under 4 GiB (see zip.ts). The rest is room for the one row more that
   * may still come: 1,000 columns of 32,767 characters, at most 7 bytes each.
   */
  readonly bytes: number
}

const EXCEL_LIMITS: SheetLimits = { rows: 1_048_575, bytes: 4_000_000_000 }

/** Characters gathered before they are turned into bytes and given to zlib. */
const CHUNK_LENGTH = 65_536

/** With other limits only in tests. */
export function createXlsx(limits: SheetLimits = EXCEL_LIMITS): Format {
  return {
    extension: 'xlsx',
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    compressible: false,
    encode: (columns, pages, context) => zip(parts(columns, pages, context, limits), context.signal),
  }
}

export const xlsx = createXlsx()

async function* parts(
  columns: readonly Column[],
  pages: AsyncIterable<Page>,
  context: EncodeContext,
  limits: SheetLimits,
): AsyncGenerator<ZipEntry, void, void> {
  const source = abortable(pages, context.signal)
  try {
    yield part('_rels/.rels', rootRelationships)
    yield part('xl/styles.xml', styles)

    const rows = new RowCursor(source)
    let sheets = 0
    do {
      sheets++
      if (sheets > 1) context.warn('SHEET_ROLLED_OVER')
      yield { name: sheetPath(sheets), content: sheet(columns, rows, context, limits, sheets) }
    } while (await rows.hasMore())

    // Only now the number of sheets is known.
    yield part('xl/workbook.xml', workbook(sheets))
    yield part('xl/_rels/workbook.xml.rels', workbookRelationships(sheets))
    yield part('[Content_Types].xml', contentTypes(sheets))
  } finally {
    await source.return()
  }
}

async function* sheet(
  columns: readonly Column[],
  rows: RowCursor,
  { warn }: EncodeContext,
  limits: SheetLimits,
  number: number,
): AsyncGenerator<Uint8Array, void, void> {
  const writeRow = rowWriter(columns, warn)
  let xml = sheetStart(columns, number) + headerRow(columns, warn)
  let written = 0
  let bytes = 0
  while (written < limits.rows && bytes < limits.bytes && (await rows.hasMore())) {
    // One row at a time within the page: no promise for each row.
    for (let row = rows.take(); row !== undefined; row = rows.take()) {
      written++
      xml += writeRow(row, written + 1)
      if (written === limits.rows || xml.length >= CHUNK_LENGTH) break
    }
    if (xml.length >= CHUNK_LENGTH) {
      const chunk = Buffer.from(xml)
      xml = ''
      bytes += chunk.length
      yield chunk
    }
  }
  yield Buffer.from(xml + sheetEnd)
}

async function* once(text: string): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(text)
}

function part(name: string, text: string): ZipEntry {
  return { name, content: once(text) }
}

/** Walks over the rows of all pages, so that a sheet may end within a page and the next go on there. */
class RowCursor {
  readonly #pages: AsyncIterator<Page>
  #page: Page = []
  #next = 0

  constructor(pages: AsyncIterator<Page>) {
    this.#pages = pages
  }

  /** Pulls the next page only when the current one is used up. */
  async hasMore(): Promise<boolean> {
    while (this.#next >= this.#page.length) {
      const { done, value } = await this.#pages.next()
      if (done) return false
      this.#page = value
      this.#next = 0
    }
    return true
  }

  /** The next row of the current page; undefined at its end. */
  take(): Row | undefined {
    return this.#page[this.#next++]
  }
}
