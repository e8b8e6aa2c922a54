// The status of an export, as a word with a colour.
import type { ExportStatus } from '@waybill/shared/vocabulary/export.ts'
import { statusText } from '../../strings/export.ts'

export function Status({ status }: { readonly status: ExportStatus }) {
  return <span className={`status ${status}`}>{statusText[status]}</span>
}
