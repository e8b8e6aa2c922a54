// What was asked for, by whom and when.
import type { Export } from '../../api.ts'
import { CopyButton } from '../../components/controls/copy-button.tsx'
import { Moment } from '../../components/display/moment.tsx'
import { t } from '../../strings.ts'
import { formatNumber } from '../../text/quantities.ts'
import { Facts } from './facts.tsx'

export function RequestFacts({ of: one }: { readonly of: Export }) {
  const words = t.details
  const format = t.formats[one.format].label
  const options = csvWords(one)
  return (
    <Facts
      title={words.request}
      facts={[
        { name: words.by, value: one.requestedBy },
        { name: words.at, value: <Moment at={one.createdAt} /> },
        { name: words.format, value: one.compression === 'gzip' ? `${format}, ${words.compressed}` : format },
        { name: words.limit, value: one.limit === null ? words.noLimit : formatNumber(one.limit) },
        one.attempts > 1 ? { name: words.attempts, value: formatNumber(one.attempts) } : undefined,
        options.length === 0 ? undefined : { name: words.csv, value: options.join(', ') },
        { name: words.filters, value: <Filters of={one} />, wide: true },
        {
          name: `${words.columns} (${one.columns.length})`,
          value: (
            <ol className="chips">
              {one.columns.map((column) => (
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
              <code>{one.id}</code>
              <CopyButton text={one.id} label={words.copy} describedAs={words.copyId} />
            </span>
          ),
          wide: true,
        },
      ]}
    />
  )
}

function Filters({ of: { filters } }: { readonly of: Export }) {
  const entries = Object.entries(filters)
  if (entries.length === 0) return t.details.noFilters
  return (
    <ul className="chips">
      {entries.map(([name, value]) => (
        <li key={name}>
          <span className="name">{name}</span>{' '}
          {typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? (
            <Moment at={value} as="exact" />
          ) : (
            String(value)
          )}
        </li>
      ))}
    </ul>
  )
}

/** What differs from a plain CSV file. */
function csvWords({ csv }: Export): string[] {
  if (csv === undefined) return []
  const words = t.details
  return [
    csv.delimiter === ',' ? undefined : words.separator(csv.delimiter),
    csv.bom ? words.withBom : undefined,
    csv.header ? undefined : words.noHeader,
    csv.escapeFormulas ? undefined : words.noEscape,
  ].filter((word) => word !== undefined)
}
