// Packs the cells of a row into one text on the server, and unpacks them here: one value to receive instead of many.
import { randomBytes } from 'node:crypto'
import type { TableQuery } from '../datasets/dataset.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import type { Cell } from '../vocabulary/table.ts'

/**
 * What stands between two cells, and for NULL. Nobody who writes the data can know them: they are drawn for each read.
 * A separator within a cell shows as a cell too many; a cell that is the text for NULL would not, hence its length.
 */
export interface PackingMarks {
  readonly separator: string
  readonly nothing: string
}

export interface Packing {
  /** Gives one column, `row`, of the query's rows in the query's order. */
  readonly sql: string
  readonly values: readonly string[]
  /** @throws WaybillError INTERNAL, to be tried again, when a cell contains the separator */
  unpack(row: string): Cell[]
}

/** Postgres takes so many arguments at most (FUNC_MAX_ARGS); the first is the separator. */
const MAX_CELLS = 99

/**
 * Each value that a driver receives costs it a string, a type and a place in two lists; a row of eleven as one text costs
 * a third less of the worker's time in all (docs/decisions/0012-rows-as-one-text.md).
 */
export function packRows(query: TableQuery, marks: PackingMarks = drawMarks()): Packing {
  const { separator, nothing } = marks
  const values = [...query.values, separator, nothing]
  const [separatorSql, nothingSql] = [`$${values.length - 1}::text`, `$${values.length}::text`]
  const join = (parts: readonly string[]) => `concat_ws(${[separatorSql, ...parts].join(', ')})`
  const cells = query.columns.map((_, index) => `coalesce(c${index}, ${nothingSql})`)
  const groups: string[] = []
  for (let at = 0; at < cells.length; at += MAX_CELLS) groups.push(join(cells.slice(at, at + MAX_CELLS)))
  return {
    sql: `SELECT ${groups.length === 1 ? groups[0] : join(groups)} AS row FROM (${query.sql}) AS cells`,
    values,
    unpack(row) {
      const unpacked: Cell[] = row.split(separator)
      if (unpacked.length !== query.columns.length) {
        throw new WaybillError(
          'INTERNAL',
          'A cell contains the text that was drawn to separate cells; the next attempt draws another.',
        )
      }
      for (let index = 0; index < unpacked.length; index++) if (unpacked[index] === nothing) unpacked[index] = null
      return unpacked
    },
  }
}

/** Control characters that text hardly ever has, and 24 and 96 random bits. */
function drawMarks(): PackingMarks {
  return {
    separator: `\x1f${randomBytes(3).toString('base64url')}`,
    nothing: `\x1e${randomBytes(12).toString('base64url')}`,
  }
}
