// The preview: the first rows of the file, and the estimated number of rows.
import { useQuery } from '@tanstack/react-query'
import { WaybillError } from '@waybill/client'
import { useState } from 'react'
import type { ExportRequestInput, Preview as PreviewBody } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { ErrorMessage, Loading } from '../../components/display/notice.tsx'
import { queries } from '../../data/queries.ts'
import { previewText } from '../../strings/preview.ts'
import { formatNumber, roughly } from '../../text/quantities.ts'

type Mode = 'table' | 'file'

/** Rows in a full preview, set by the service. */
const PREVIEW_ROWS = 20

interface PreviewProps {
  /** Undefined while the form has errors. */
  readonly request: ExportRequestInput | undefined
}

export function Preview({ request }: PreviewProps) {
  const [mode, setMode] = useState<Mode>('table')
  const words = previewText
  const query = useQuery({
    ...queries.preview(request ?? { dataset: '', format: 'csv' }),
    enabled: request !== undefined,
  })
  const data = request === undefined ? undefined : query.data
  // Errors of fields are shown at the fields.
  const isFieldError = query.error instanceof WaybillError && query.error.status === 422
  return (
    <section className="preview" aria-label={words.title} aria-busy={query.isFetching}>
      <header>
        <h2>{words.title}</h2>
        {data !== undefined && (
          <span className="hint" aria-live="polite">
            {countWords(data)}
          </span>
        )}
        {data?.content != null && (
          <div className="modes">
            {(['table', 'file'] as const).map((each) => (
              <Button key={each} variant="quiet" aria-pressed={mode === each} onClick={() => setMode(each)}>
                {words[each]}
              </Button>
            ))}
          </div>
        )}
      </header>
      {data !== undefined && data.cutCells.length > 0 && <p className="hint">{words.cut(data.cutCells.length)}</p>}
      {request === undefined || isFieldError ? (
        <p className="hint none">{words.invalid}</p>
      ) : query.error !== null ? (
        <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : data.content !== null && mode === 'file' ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable area must be reachable by keyboard
        <pre tabIndex={0}>{data.content}</pre>
      ) : (
        <Table data={data} />
      )}
    </section>
  )
}

function countWords({ rows, estimatedRows }: PreviewBody): string {
  if (rows.length === 0) return previewText.noRows
  // Fewer rows than the preview can show are all rows: then the number is exact.
  if (rows.length < PREVIEW_ROWS) return previewText.allRows(rows.length)
  return previewText.firstRows(rows.length, formatNumber(roughly(Math.max(estimatedRows, rows.length))))
}

function Table({ data: { columns, rows } }: { readonly data: PreviewBody }) {
  if (rows.length === 0) return <p className="hint none">{previewText.empty}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable area must be reachable by keyboard
    <section className="scroll" tabIndex={0} aria-label={previewText.caption}>
      <table>
        <caption className="visually-hidden">{previewText.caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no key and never move
            <tr key={index}>
              {columns.map(({ name, kind }) => (
                <td key={name} className={NUMERIC.has(kind) ? 'number' : undefined}>
                  {row[name] ?? <span className="null">{previewText.null}</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const NUMERIC: ReadonlySet<string> = new Set(['integer', 'bigint', 'float', 'numeric'])
