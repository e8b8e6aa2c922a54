// The vocabulary of an export: its states, its formats and options, and the schema of a request.
import { z } from 'zod'

export const EXPORT_STATUSES = ['queued', 'running', 'completed', 'failed', 'canceled', 'expired'] as const
export type ExportStatus = (typeof EXPORT_STATUSES)[number]

export const FORMAT_NAMES = ['csv', 'json', 'ndjson', 'xlsx'] as const
export type FormatName = (typeof FORMAT_NAMES)[number]

export const COMPRESSIONS = ['none', 'gzip'] as const
export type Compression = (typeof COMPRESSIONS)[number]

/** Things that are in the file in another shape than in the database; counted, never silent. */
export const WARNING_CODES = [
  /** A cell over 32,767 characters, the limit of a spreadsheet, was cut (xlsx). */
  'CELL_CUT',
  /** The rows did not fit on one sheet of 1,048,575 and go on on the next (xlsx). Counted per extra sheet. */
  'SHEET_ROLLED_OVER',
  /** A value that the format has no type for (a date outside 1900–9999, an infinity) was written as text (xlsx). */
  'VALUE_AS_TEXT',
] as const
export type WarningCode = (typeof WARNING_CODES)[number]

export interface Warning {
  readonly code: WarningCode
  readonly count: number
}

export const csvOptionsSchema = z.strictObject({
  delimiter: z
    .enum([',', ';', '\t', '|'])
    .default(',')
    .describe('Between the cells; `;` is what Excel expects where the decimal mark is a comma.'),
  bom: z.boolean().default(false).describe('A byte order mark at the start, by which Excel knows UTF-8.'),
  header: z.boolean().default(true).describe('A first row with the names of the columns.'),
  escapeFormulas: z
    .boolean()
    .default(true)
    .describe('An apostrophe before text that a spreadsheet would run as a formula.'),
})
export type CsvOptions = z.infer<typeof csvOptionsSchema>

/** The body of `POST /v1/exports`, but for what depends on the dataset: its filters and its columns. */
export const exportRequestSchema = z.strictObject({
  dataset: z.string().min(1).max(100),
  format: z.enum(FORMAT_NAMES).describe('Of the file.'),
  filters: z.record(z.string(), z.unknown()).default({}),
  columns: z.array(z.string()).min(1).max(1000).optional(),
  limit: z.int().min(1).optional().describe('Rows at most; default: as many as the operator allows.'),
  compression: z.enum(COMPRESSIONS).default('none').describe('gzip: not for xlsx, which is compressed already.'),
  csv: csvOptionsSchema.prefault({}).describe('For format csv only.'),
  /** Told how the export ends. What may be in it depends on settings: checked with the rest of the request. */
  webhookUrl: z
    .string()
    .min(1)
    .optional()
    .describe('Told how the export ends, beside all endpoints: https, reachable from the service.'),
})
export type ExportRequest = z.infer<typeof exportRequestSchema>
/** As a caller may write it, what has a default left out. */
export type ExportRequestInput = z.input<typeof exportRequestSchema>
