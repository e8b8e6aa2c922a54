// Statuses, formats and options of an export, and the schema of a request.
import { z } from 'zod'

export const EXPORT_STATUSES = ['queued', 'running', 'completed', 'failed', 'canceled', 'expired'] as const
export type ExportStatus = (typeof EXPORT_STATUSES)[number]

export const FORMAT_NAMES = ['csv', 'json', 'ndjson', 'xlsx'] as const
export type FormatName = (typeof FORMAT_NAMES)[number]

export const COMPRESSIONS = ['none', 'gzip'] as const
export type Compression = (typeof COMPRESSIONS)[number]

/** Each lane has a separate queue and separate workers, so that any number of large exports never delays small ones. */
export const LANES = ['small', 'large'] as const
export type Lane = (typeof LANES)[number]

/** What a queued export waits for: its turn, the delay after an error, or a dependency that is unavailable. */
export const WAIT_REASONS = ['turn', 'retry', 'storage', 'source'] as const
export type WaitReason = (typeof WAIT_REASONS)[number]

/** Values that the file holds in another form than the database. They are counted and reported. */
export const WARNING_CODES = [
  /** A cell was truncated to 32,767 characters, the limit of a spreadsheet (xlsx). */
  'CELL_CUT',
  /** The rows did not fit on one sheet of 1,048,575 rows and continue on the next (xlsx). Counted per extra sheet. */
  'SHEET_ROLLED_OVER',
  /** A value without a matching type in the format (a date outside 1900–9999, an infinity) was written as text (xlsx). */
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
    .describe('Separates the cells. Excel expects `;` where the decimal mark is a comma.'),
  bom: z
    .boolean()
    .default(false)
    .describe('Start the file with a UTF-8 byte order mark, which Excel needs to detect UTF-8.'),
  header: z.boolean().default(true).describe('Write the column names as the first row.'),
  escapeFormulas: z
    .boolean()
    .default(true)
    .describe('Put an apostrophe before text that a spreadsheet would run as a formula.'),
})
export type CsvOptions = z.infer<typeof csvOptionsSchema>

/** The body of `POST /v1/exports`. Filters and columns depend on the dataset and are checked later. */
export const exportRequestSchema = z.strictObject({
  dataset: z.string().min(1).max(100),
  format: z.enum(FORMAT_NAMES).describe('Format of the file.'),
  filters: z.record(z.string(), z.unknown()).default({}),
  columns: z.array(z.string()).min(1).max(1000).optional(),
  limit: z.int().min(1).optional().describe('Maximum number of rows. Default: the limit of the installation.'),
  compression: z
    .enum(COMPRESSIONS)
    .default('none')
    .describe('`gzip` is not available for xlsx, which is already compressed.'),
  csv: csvOptionsSchema.prefault({}).describe('Only for format csv.'),
  /** Receives the event when the export ends. Which URLs are allowed depends on settings, so it is checked later. */
  webhookUrl: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Receives the webhook event when the export ends, in addition to all endpoints. An https URL that the service can reach.',
    ),
})
export type ExportRequest = z.infer<typeof exportRequestSchema>
/** What a caller sends: fields with a default are optional. */
export type ExportRequestInput = z.input<typeof exportRequestSchema>
