// One export in the list: what was asked for, how it stands, and what can be done at once.
import { Link } from 'wouter'
import type { Export } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { Moment } from '../../components/display/moment.tsx'
import { Fault } from '../../components/display/notice.tsx'
import { Progress } from '../../components/display/progress.tsx'
import { Status } from '../../components/display/status.tsx'
import { t } from '../../strings.ts'
import { formatBytes, formatNumber } from '../../text/quantities.ts'
import { useDownload } from '../download.ts'
import { isActive } from '../export-state.ts'

interface ExportRowProps {
  readonly of: Export
  readonly title: string
  readonly onCancel: () => void
}

export function ExportRow({ of: one, title, onCancel }: ExportRowProps) {
  const download = useDownload(one.id)
  const words = t.list
  const active = isActive(one)
  return (
    <tr className={active ? 'active' : undefined}>
      <td className="what">
        <Link to={`/exports/${one.id}`}>{title}</Link>
        <span className="format">{t.formats[one.format].label}</span>
        <span className="facts">{factsOf(one)}</span>
      </td>
      <td className="state">
        {active ? <Progress of={one} /> : <Status status={one.status} />}
        {download.error !== null && <Fault error={download.error} />}
      </td>
      <td className="number" data-label={words.columns.rows}>
        {one.rowCount === null ? t.none : formatNumber(one.rowCount)}
      </td>
      <td className="number" data-label={words.columns.size}>
        {one.bytes === null ? t.none : formatBytes(one.bytes)}
      </td>
      <td className="soft" data-label={words.columns.by}>
        {one.requestedBy}
      </td>
      <td className="soft" data-label={words.columns.at}>
        <Moment at={one.createdAt} as="near" />
      </td>
      <td className="act">
        {one.status === 'completed' && (
          <Button
            look="quiet"
            icon="download"
            busy={download.isPending}
            aria-label={words.download(one.filename)}
            title={words.download(one.filename)}
            onClick={() => download.mutate()}
          />
        )}
        {active && (
          <Button
            look="quiet"
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

/** In a few words what is special about it. */
function factsOf({ filters, limit, columns }: Export): string {
  const { dateFrom: _from, dateTo: _to, ...others } = filters
  return [
    ...Object.values(others).map(String),
    limit === null ? undefined : t.list.limit(formatNumber(limit)),
    t.list.columnsOf(columns.length),
  ]
    .filter((fact) => fact !== undefined)
    .join(' · ')
}
