// One row of the list: the export, its status, and its actions.
import { Link } from 'wouter'
import type { Export } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { CallerName } from '../../components/display/caller-name.tsx'
import { ErrorMessage } from '../../components/display/notice.tsx'
import { Progress } from '../../components/display/progress.tsx'
import { Status } from '../../components/display/status.tsx'
import { Timestamp } from '../../components/display/timestamp.tsx'
import { componentText } from '../../strings/components.ts'
import { formatText } from '../../strings/export.ts'
import { listText } from '../../strings/export-list.ts'
import { formatBytes, formatNumber } from '../../text/quantities.ts'
import { isActive } from '../export-state.ts'
import { useDownload } from '../use-download.ts'

interface ExportRowProps {
  readonly record: Export
  readonly title: string
  readonly onCancel: () => void
}

export function ExportRow({ record, title, onCancel }: ExportRowProps) {
  const download = useDownload(record.id)
  const words = listText
  const active = isActive(record)
  return (
    <tr className={active ? 'active' : undefined}>
      <td className="what">
        <Link to={`/exports/${record.id}`}>{title}</Link>
        <span className="format">{formatText[record.format].label}</span>
        <span className="secondary">{factsOf(record)}</span>
      </td>
      <td className="state">
        {active ? <Progress record={record} /> : <Status status={record.status} />}
        {download.error !== null && <ErrorMessage error={download.error} />}
      </td>
      <td className="number" data-label={words.columns.rows}>
        {record.rowCount === null ? componentText.none : formatNumber(record.rowCount)}
      </td>
      <td className="number" data-label={words.columns.size}>
        {record.bytes === null ? componentText.none : formatBytes(record.bytes)}
      </td>
      <td className="soft" data-label={words.columns.by}>
        <CallerName name={record.requestedBy} kind={record.requestedByKind} />
      </td>
      <td className="soft" data-label={words.columns.at}>
        <Timestamp at={record.createdAt} format="relative" />
      </td>
      <td className="act">
        {record.status === 'completed' && (
          <Button
            variant="quiet"
            icon="download"
            busy={download.isPending}
            aria-label={words.download(record.filename)}
            title={words.download(record.filename)}
            onClick={() => download.mutate()}
          />
        )}
        {active && (
          <Button
            variant="quiet"
            icon="cross"
            aria-label={words.cancel(title)}
            title={words.cancel(title)}
            onClick={onCancel}
          />
        )}
      </td>
    </tr>
  )
}

/** The filters, the row limit and the number of columns, in short. */
function factsOf({ filters, limit, columns }: Export): string {
  const { dateFrom: _from, dateTo: _to, ...others } = filters
  return [
    ...Object.values(others).map(String),
    limit === null ? undefined : listText.limit(formatNumber(limit)),
    listText.columnsOf(columns.length),
  ]
    .filter((fact) => fact !== undefined)
    .join(' · ')
}
