// Words for an export that several views show: its status, its format and its progress.
import { plural } from '../text/plural.ts'

export const statusText = {
  queued: 'Queued',
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  canceled: 'Canceled',
  expired: 'Expired',
} as const

export const formatText = {
  csv: { label: 'CSV', hint: 'Tables, scripts, databases' },
  xlsx: { label: 'Excel', hint: 'Workbook (.xlsx)' },
  json: { label: 'JSON', hint: 'One JSON array' },
  ndjson: { label: 'NDJSON', hint: 'One object per line' },
} as const

export const progressText = {
  label: (dataset: string) => `Progress of ${dataset}`,
  percent: (percent: number) => `${percent}%`,
  sorting: 'Sorting rows…',
  estimated: (rows: string) => `about ${rows} rows`,
  rows: (rows: string) => `${rows} rows`,
  rowsOf: (rows: string, estimated: string) => `${rows} of about ${estimated} rows`,
  rate: (rate: string) => `${rate} rows/s`,
  left: (duration: string) => `about ${duration} left`,
  ahead: (count: number) => (count === 0 ? 'next in line' : `${count} ${plural(count, 'export', 'exports')} ahead`),
  waiting: (duration: string) => `waiting for ${duration}`,
  retry: 'the last attempt failed',
  outage: { storage: 'waiting for the object storage', source: 'waiting for the source database' },
  asSoonAsPossible: 'continues as soon as it is available',
  nextAttempt: (duration: string) => `next attempt in ${duration}`,
  nextAttemptSoon: 'next attempt soon',
  tab: {
    queued: 'Queued',
    running: (percent: number | null) => (percent === null ? 'Running' : `${percent}%`),
    completed: '✓ Done',
    failed: '✕ Failed',
  },
  announce: {
    queued: 'The export is queued.',
    running: 'The export is running.',
    completed: 'The export is complete. You can download the file.',
    failed: 'The export failed.',
    canceled: 'The export was canceled.',
    expired: 'The file was deleted.',
  },
} as const
