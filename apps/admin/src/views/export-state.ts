// What the states of an export mean to the page.
import type { ExportStatus } from '@waybill/shared/vocabulary/export.ts'
import type { Export } from '../api.ts'
import { progressText, statusText } from '../strings/export.ts'

/** From the words, which name each: the vocabulary itself would bring its validator along. */
export const STATUSES = Object.keys(statusText) as ExportStatus[]

export function isActive({ status }: Pick<Export, 'status'>): boolean {
  return status === 'queued' || status === 'running'
}

/** What the tab says of it. */
export function tabOf({ status, progress }: Export): string | undefined {
  switch (status) {
    case 'queued':
      return progressText.tab.queued
    case 'running':
      return progressText.tab.running(progress.percent)
    case 'completed':
      return progressText.tab.completed
    case 'failed':
      return progressText.tab.failed
    case 'canceled':
    case 'expired':
      return undefined
  }
}
