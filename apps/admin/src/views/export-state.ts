// What the states of an export mean to the page.
import type { ExportStatus } from '@waybill/shared/vocabulary/export.ts'
import type { Export } from '../api.ts'
import { t } from '../strings.ts'

/** From the words, which name each: the vocabulary itself would bring its validator along. */
export const STATUSES = Object.keys(t.status) as ExportStatus[]

export function isActive({ status }: Pick<Export, 'status'>): boolean {
  return status === 'queued' || status === 'running'
}

/** What the tab says of it. */
export function tabOf({ status, progress }: Export): string | undefined {
  switch (status) {
    case 'queued':
      return t.progress.tabQueued
    case 'running':
      return t.progress.tab(progress.percent)
    case 'completed':
      return t.progress.tabDone
    case 'failed':
      return t.progress.tabFailed
    case 'canceled':
    case 'expired':
      return undefined
  }
}
