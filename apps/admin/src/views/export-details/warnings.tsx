// Warnings about the file: truncated rows or cells, converted values, no rows.
import type { Export } from '../../api.ts'
import { Icon } from '../../components/display/icon.tsx'
import { detailsText } from '../../strings/export-details.ts'
import { formatNumber } from '../../text/quantities.ts'

export function Warnings({ record }: { readonly record: Export }) {
  const words = [
    ...(record.truncated ? [detailsText.truncated(formatNumber(record.rowCount ?? 0))] : []),
    ...record.warnings.map(({ code, count }) => detailsText.warnings[code](count)),
    ...(record.rowCount === 0 ? [detailsText.empty] : []),
  ]
  if (words.length === 0) return null
  return (
    <ul className="panel warnings">
      {words.map((word) => (
        <li key={word}>
          <Icon name="warning" />
          {word}
        </li>
      ))}
    </ul>
  )
}
