// The facts of a file: rows, size, duration, expiry, snapshot time and checksum.
import type { Export } from '../../api.ts'
import { CopyButton } from '../../components/controls/copy-button.tsx'
import { Timestamp } from '../../components/display/timestamp.tsx'
import { detailsText } from '../../strings/export-details.ts'
import { formatBytes, formatDuration, formatNumber } from '../../text/quantities.ts'
import { Facts } from './facts.tsx'

export function FileFacts({ record }: { readonly record: Export }) {
  const words = detailsText
  const { rowCount, bytes, sha256, snapshotAt, startedAt, finishedAt, expiresAt } = record
  const isKept = record.status === 'completed' && expiresAt !== null
  return (
    <Facts
      title={words.file}
      facts={[
        rowCount === null ? undefined : { name: words.rows, value: formatNumber(rowCount) },
        bytes === null ? undefined : { name: words.size, value: formatBytes(bytes) },
        startedAt === null || finishedAt === null
          ? undefined
          : { name: words.duration, value: formatDuration(Date.parse(finishedAt) - Date.parse(startedAt)) },
        isKept ? { name: words.expires, value: <Timestamp at={expiresAt} /> } : undefined,
        snapshotAt === null
          ? undefined
          : {
              name: words.snapshot,
              value: (
                <>
                  <Timestamp at={snapshotAt} format="exact" /> <span className="hint">{words.snapshotHint}</span>
                </>
              ),
              wide: true,
            },
        sha256 === null
          ? undefined
          : {
              name: words.sha256,
              value: (
                <span className="copyable">
                  <code className="sha">{sha256}</code>
                  <CopyButton text={sha256} label={words.copy} describedAs={words.copySha} />
                </span>
              ),
              wide: true,
            },
      ]}
    />
  )
}
