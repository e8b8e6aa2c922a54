// XLSX: a workbook that is written row by row, with a new sheet at each limit of Excel.
import type { Column, RowChunks } from '../../vocabulary/table.ts'
import { abortable } from '../abortable.ts'
import type { EncodeContext, Format } from '../format.ts'
import { utf8 } from '../output.ts'
import { RowReader } from '../row-reader.ts'
import { contentTypes, rootRelationships, sheetPath, styles, workbook, workbookRelationships } from './parts.ts'
import { SHEET_END, type SheetLimits, SheetSink } from './sheet.ts'
import { type ZipEntry, zip } from './zip.ts'

const EXCEL_LIMITS: SheetLimits = { rows: 1_048_575, bytes: 4_000_000_000 }

/** Only tests use other limits. */
export function createXlsx(limits: SheetLimits = EXCEL_LIMITS): Format {
  return {
    extension: 'xlsx',
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    compressible: false,
    encode: (columns, rows, context) => zip(parts(columns, rows, context, limits), context.signal),
  }
}

export const xlsx = createXlsx()

async function* parts(
  columns: readonly Column[],
  rows: RowChunks,
  context: EncodeContext,
  limits: SheetLimits,
): AsyncGenerator<ZipEntry, void, void> {
  const pieces = sheetPieces(columns, rows, context, limits)
  try {
    yield part('_rels/.rels', rootRelationships)
    yield part('xl/styles.xml', styles)

    const state = { hasMore: true }
    let sheets = 0
    while (state.hasMore) {
      sheets++
      yield { name: sheetPath(sheets), content: untilSheetEnd(pieces, state) }
    }

    // The number of sheets is known only now.
    yield part('xl/workbook.xml', workbook(sheets))
    yield part('xl/_rels/workbook.xml.rels', workbookRelationships(sheets))
    yield part('[Content_Types].xml', contentTypes(sheets))
  } finally {
    await pieces.return()
  }
}

/** The XML of all sheets, with SHEET_END between two sheets. */
async function* sheetPieces(
  columns: readonly Column[],
  rows: RowChunks,
  { warn, signal }: EncodeContext,
  limits: SheetLimits,
): AsyncGenerator<Uint8Array | typeof SHEET_END, void, void> {
  const sink = new SheetSink(columns, warn, limits)
  const reader = new RowReader(columns, sink)
  const source = abortable(rows, signal)
  for await (const chunk of source) {
    reader.push(chunk)
    if (sink.pieces.length > 0) yield* piecesOf(sink)
  }
  reader.end()
  sink.end()
  yield* piecesOf(sink)
}

function* piecesOf(sink: SheetSink): Generator<Uint8Array | typeof SHEET_END, void, void> {
  const { pieces } = sink
  sink.pieces = []
  for (const piece of pieces) {
    yield piece
    if (piece !== SHEET_END) sink.recycle(piece)
  }
}

async function* untilSheetEnd(
  pieces: AsyncGenerator<Uint8Array | typeof SHEET_END, void, void>,
  state: { hasMore: boolean },
): AsyncGenerator<Uint8Array, void, void> {
  for (;;) {
    const { done, value } = await pieces.next()
    if (done || value === SHEET_END) {
      state.hasMore = !done
      return
    }
    yield value
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array, void, void> {
  yield utf8(text)
}

function part(name: string, text: string): ZipEntry {
  return { name, content: once(text) }
}
