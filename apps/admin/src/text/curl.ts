// The request of an export, as a curl command. The command reads the API key from a variable.
import type { Export, ExportRequestInput } from '../api.ts'

/** The request that creates the same export again. */
export function requestOf(record: Export): ExportRequestInput {
  return {
    dataset: record.dataset,
    format: record.format,
    ...(Object.keys(record.filters).length === 0 ? {} : { filters: record.filters }),
    columns: record.columns,
    ...(record.limit === null ? {} : { limit: record.limit }),
    ...(record.compression === 'none' ? {} : { compression: record.compression }),
    ...(record.csv === undefined ? {} : { csv: record.csv }),
  }
}

export function curlOf(request: ExportRequestInput, origin: string): string {
  return [
    `curl ${quote(`${origin}/v1/exports`)} \\`,
    `  -H "Authorization: Bearer $WAYBILL_API_KEY" \\`,
    `  --json ${quote(JSON.stringify(request))}`,
  ].join('\n')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
