// `waybill preview`: the first rows as the file would have them.
import { defineCommand } from '../arguments/command.ts'
import { FILTERS_HELP, REQUEST_FLAGS, readRequest } from '../arguments/export-request.ts'
import { table } from '../terminal/output.ts'
import { sayRows } from '../terminal/wording.ts'

/** Letters of a cell that a table shows. */
const CELL = 40

export const previewCommand = defineCommand({
  name: 'preview',
  summary: 'shows the first rows and how many there may be; nothing is exported',
  details: FILTERS_HELP,
  arguments: [{ name: 'DATASET', description: 'see waybill datasets' }],
  takesFilters: true,
  flags: REQUEST_FLAGS,
  examples: [
    { line: 'waybill preview user-points --game game-1 --columns created_at,points', says: 'as a table' },
    { line: 'waybill preview users --format csv --json | jq -r .content', says: 'the very text of the file' },
  ],
  async run(call) {
    const { output, client: connect } = call.context
    const client = await connect()
    const found = await client.exports.preview(await readRequest(call, client, undefined))
    const names = found.columns.map(({ name }) => name)
    const rows = found.rows.map((row) => names.map((name) => shorten(row[name] ?? '')))
    output.result(found, () => `${table(names, rows)}\n\nAbout ${sayRows(found.estimatedRows)} in all.`)
  },
})

function shorten(cell: string): string {
  const line = cell.replaceAll(/\s+/g, ' ')
  return line.length > CELL ? `${line.slice(0, CELL - 1)}…` : line
}
