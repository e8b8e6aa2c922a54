// Words of the preview beside the form for a new export.
import { plural } from '../text/plural.ts'

export const previewText = {
  title: 'Preview',
  noRows: 'No matching rows',
  allRows: (count: number) => plural(count, 'The only row', `All ${count} rows`),
  firstRows: (shown: number, estimated: string) => `First ${shown} rows · about ${estimated} in total`,
  invalid: 'The preview appears when the form is complete.',
  table: 'Table',
  file: 'Raw',
  empty: 'No rows match these filters. The file will contain no data rows.',
  caption: 'First rows of the file',
  null: 'null',
  cut: (cells: number) =>
    `${cells} long ${plural(cells, 'value is', 'values are')} shortened in this preview. The file holds them whole.`,
} as const
