// The request of an export: its options, who made it, and when.
import type { Export } from '../../api.ts'
import { CopyButton } from '../../components/controls/copy-button.tsx'
import { CallerName } from '../../components/display/caller-name.tsx'
import { Timestamp } from '../../components/display/timestamp.tsx'
import { formatText } from '../../strings/export.ts'
import { detailsText } from '../../strings/export-details.ts'
import { formatNumber } from '../../text/quantities.ts'
import { Facts } from './facts.tsx'

export function RequestFacts({ record }: { readonly record: Export }) {
  const words = detailsText
  const format = formatText[record.format].label
  const options = csvWords(record)
  return (
    <Facts
      title={words.request}
      facts={[
        { name: words.by, value: <CallerName name={record.requestedBy} kind={record.requestedByKind} /> },
        { name: words.at, value: <Timestamp at={record.createdAt} /> },
        { name: words.format, value: record.compression === 'gzip' ? `${format}, ${words.compressed}` : format },
        { name: words.limit, value: record.limit === null ? words.noLimit : formatNumber(record.limit) },
        record.attempts > 1 ? { name: words.attempts, value: formatNumber(record.attempts) } : undefined,
        options.length === 0 ? undefined : { name: words.csv, value: options.join(', ') },
        { name: words.filters, value: <Filters filters={record.filters} />, wide: true },
        {
          name: `${words.columns} (${record.columns.length})`,
          value: (
            <ol className="chips">
              {record.columns.map((column) => (
                <li key={column}>{column}</li>
              ))}
            </ol>
          ),
          wide: true,
        },
        {
          name: words.id,
          value: (
            <span className="copyable">
              <code>{record.id}</code>
              <CopyButton text={record.id} label={words.copy} describedAs={words.copyId} />
            </span>
          ),
          wide: true,
        },
      ]}
    />
  )
}

function Filters({ filters }: { readonly filters: Export['filters'] }) {
  const entries = Object.entries(filters)
  if (entries.length === 0) return detailsText.noFilters
  return (
    <ul className="chips">
      {entries.map(([name, value]) => (
        <li key={name}>
          <span className="name">{name}</span>{' '}
          {typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? (
            <Timestamp at={value} format="exact" />
          ) : (
            String(value)
          )}
        </li>
      ))}
    </ul>
  )
}

/** The CSV options that differ from the defaults. */
function csvWords({ csv }: Export): string[] {
  if (csv === undefined) return []
  const words = detailsText
  return [
    csv.delimiter === ',' ? undefined : words.delimiter(csv.delimiter),
    csv.bom ? words.withBom : undefined,
    csv.header ? undefined : words.noHeader,
    csv.escapeFormulas ? undefined : words.noEscape,
  ].filter((word) => word !== undefined)
}
