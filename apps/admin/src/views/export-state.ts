// What each export status means for the page.
import type { ExportStatus } from '@waybill/shared/vocabulary/export.ts'
import type { Export } from '../api.ts'
import { progressText, statusText } from '../strings/export.ts'

/** Taken from the page's words: an import of the shared vocabulary would add zod to the bundle. */
export const STATUSES = Object.keys(statusText) as ExportStatus[]

export function isActive({ status }: Pick<Export, 'status'>): boolean {
  return status === 'queued' || status === 'running'
}

/** The text before the document title. */
export function tabOf({ status, progress }: Export): string | undefined {
  switch (status) {
    case 'queued':
      return progressText.tab.queued
    case 'running':
      // Without rows the database still sorts, and 0% would not change for a long time.
      return progressText.tab.running(progress.rows === 0 ? null : progress.percent)
    case 'completed':
      return progressText.tab.completed
    case 'failed':
      return progressText.tab.failed
    case 'canceled':
    case 'expired':
      return undefined
  }
}
