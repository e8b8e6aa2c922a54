// Words of the preview beside the form for a new export.
import { plural } from '../text/plural.ts'

export const previewText = {
  title: 'Preview',
  rows: (shown: number, estimated: string) =>
    shown === 0 ? 'No matching rows' : `First ${shown} ${plural(shown, 'row', 'rows')} · about ${estimated} in total`,
  table: 'Table',
  file: 'Raw',
  empty: 'No rows match these filters. The file will contain no data rows.',
  caption: 'First rows of the file',
  null: 'null',
} as const
