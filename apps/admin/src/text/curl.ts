// The same export, as commands for a shell. The key is never in them.
import type { Export, ExportRequestInput } from '../api.ts'

/** What was asked for: with it, the same export can be asked for again. */
export function requestOf(one: Export): ExportRequestInput {
  return {
    dataset: one.dataset,
    format: one.format,
    ...(Object.keys(one.filters).length === 0 ? {} : { filters: one.filters }),
    columns: one.columns,
    ...(one.limit === null ? {} : { limit: one.limit }),
    ...(one.compression === 'none' ? {} : { compression: one.compression }),
    ...(one.csv === undefined ? {} : { csv: one.csv }),
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
