// Words of the list of exports.
import { plural } from '../text/plural.ts'

export const listText = {
  title: 'Exports',
  columns: {
    export: 'Export',
    status: 'Status',
    rows: 'Rows',
    size: 'Size',
    by: 'Requested by',
    at: 'Requested',
    actions: 'Actions',
  },
  filters: {
    label: 'Filter exports',
    scope: 'Owner',
    mine: 'Me',
    all: 'Everyone',
    dataset: 'Dataset',
    anyDataset: 'All datasets',
    status: 'Status',
    anyStatus: 'All statuses',
    requestedBy: 'Requested by',
    requestedByHint: 'Name contains…',
    from: 'From',
    to: 'To',
    clear: 'Clear',
  },
  empty: { title: 'No exports yet', text: 'Create your first export. It takes less than a minute.' },
  noMatch: { title: 'No results', text: 'No exports match these filters.' },
  newest: 'Newest',
  older: 'Older',
  caption: 'Exports, newest first',
  download: (filename: string) => `Download ${filename}`,
  cancel: (dataset: string) => `Cancel the export of ${dataset}`,
  limit: (rows: string) => `first ${rows} rows`,
  columnsOf: (count: number) => `${count} ${plural(count, 'column', 'columns')}`,
} as const
