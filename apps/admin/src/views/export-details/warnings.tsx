// What the reader must know before they trust the file to be everything, in plain words.
import type { Export } from '../../api.ts'
import { Icon } from '../../components/display/icon.tsx'
import { t } from '../../strings.ts'
import { formatNumber } from '../../text/quantities.ts'

export function Warnings({ of: one }: { readonly of: Export }) {
  const words = [
    ...(one.truncated ? [t.details.truncated(formatNumber(one.rowCount ?? 0))] : []),
    ...one.warnings.map(({ code, count }) => t.details.warnings[code](count)),
    ...(one.rowCount === 0 ? [t.details.empty] : []),
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
