// `waybill preview`: the first rows of an export.
import { defineCommand } from '../arguments/command.ts'
import { FILTERS_HELP, REQUEST_FLAGS, readRequest } from '../arguments/export-request.ts'
import { table } from '../terminal/output.ts'
import { sayRows } from '../terminal/wording.ts'

const MAX_CELL_LENGTH = 40

export const previewCommand = defineCommand({
  name: 'preview',
  summary: 'Show the first rows and the estimated number of rows',
  details: FILTERS_HELP,
  arguments: [{ name: 'DATASET', description: 'see waybill datasets' }],
  takesFilters: true,
  flags: REQUEST_FLAGS,
  examples: [
    {
      line: 'waybill preview user-points --game game-1 --columns created_at,points',
      description: 'Show two columns as a table',
    },
    { line: 'waybill preview users --format csv --json | jq -r .content', description: 'Print the raw file contents' },
  ],
  async run(call) {
    const { output, client: connect } = call.context
    const client = await connect()
    const found = await client.exports.preview(await readRequest(call, client, undefined))
    const names = found.columns.map(({ name }) => name)
    const rows = found.rows.map((row) => names.map((name) => shorten(row[name] ?? '')))
    output.result(found, () => `${table(names, rows)}\n\nAbout ${sayRows(found.estimatedRows)} in total.`)
  },
})

function shorten(cell: string): string {
  const line = cell.replaceAll(/\s+/g, ' ')
  return line.length > MAX_CELL_LENGTH ? `${line.slice(0, MAX_CELL_LENGTH - 1)}…` : line
}
