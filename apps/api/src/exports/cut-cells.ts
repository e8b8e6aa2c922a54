// Cuts the long cells of a preview, and lists the cells that were cut.
import type { Cell, Column, Row } from '@waybill/shared/vocabulary/table.ts'

/** Characters of a cell in a preview; a longer one is cut and ends with an ellipsis. */
export const PREVIEW_CELL_LENGTH = 1_000

/** What the query reads: one character more shows that there are more. */
export const QUERY_CELL_LENGTH = PREVIEW_CELL_LENGTH + 1

export interface CutRows {
  readonly rows: readonly Row[]
  /** The same for the encoder of the file: with `isJson`, a json value that was cut is a JSON string. */
  readonly encodable: readonly Row[]
  readonly cutCells: { readonly row: number; readonly column: string }[]
}

/** @param isJson whether the file embeds values of kind json, so that the start of one would break the document */
export function cutLongCells(columns: readonly Column[], whole: readonly Row[], isJson: boolean): CutRows {
  const rows: Cell[][] = []
  const encodable: Cell[][] = []
  const cutCells: { row: number; column: string }[] = []
  for (const [row, cells] of whole.entries()) {
    const shown = [...cells]
    const encoded = [...cells]
    for (const [index, { name, kind }] of columns.entries()) {
      const cut = cutText(cells[index] ?? null)
      if (cut === undefined) continue
      cutCells.push({ row, column: name })
      shown[index] = cut
      encoded[index] = isJson && kind === 'json' ? JSON.stringify(cut) : cut
    }
    rows.push(shown)
    encodable.push(encoded)
  }
  return { rows, encodable, cutCells }
}

/** The beginning of a text that is too long; undefined for others. */
function cutText(cell: Cell): string | undefined {
  if (cell === null || cell.length <= PREVIEW_CELL_LENGTH) return undefined
  // Postgres counts code points, JavaScript counts UTF-16 units.
  const characters = [...cell]
  if (characters.length <= PREVIEW_CELL_LENGTH) return undefined
  return `${characters.slice(0, PREVIEW_CELL_LENGTH).join('')}…`
}
