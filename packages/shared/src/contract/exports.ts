// An export as the API shows it, and the list of exports.
import { z } from 'zod'
import {
  COMPRESSIONS,
  csvOptionsSchema,
  EXPORT_STATUSES,
  type exportRequestSchema,
  FORMAT_NAMES,
  WAIT_REASONS,
  WARNING_CODES,
} from '../vocabulary/export.ts'
import { instantFilterSchema } from '../vocabulary/instant.ts'
import { isStorableText, NOT_STORABLE } from '../vocabulary/text.ts'
import {
  callerKindSchema,
  callerNameSchema,
  contentTypeSchema,
  countSchema,
  datasetNameSchema,
  filenameSchema,
  idSchema,
  instantSchema,
  listFormatSchema,
  pageLimitSchema,
  scopeSchema,
  sha256Schema,
} from './fields.ts'

export const filtersSchema = z.record(z.string(), z.unknown()).describe('Filters of the request, by name.')

export const warningSchema = z
  .object({
    code: z.enum(WARNING_CODES),
    count: z.int().min(1).describe('Number of cells, or of additional sheets.'),
  })
  .meta({ id: 'Warning', description: 'Values that the file holds in another form than the database.' })

export const progressSchema = z
  .object({
    rows: countSchema,
    bytes: countSchema.describe('Bytes sent to the storage so far.'),
    estimatedRows: countSchema.nullable().describe('Estimate of the database’s query planner. null: not available.'),
    percent: z.int().min(0).max(100).nullable().describe('100 only when the file is available.'),
  })
  .meta({ id: 'Progress' })

export const downloadSchema = z
  .object({
    url: z.url().describe('A signed link that works without a key until `expiresAt`. Keep it secret.'),
    expiresAt: instantSchema,
  })
  .meta({ id: 'Download' })

export type Download = z.infer<typeof downloadSchema>

export const downloadQuerySchema = z.strictObject({
  redirect: z
    .enum(['true', 'false'])
    .default('true')
    .describe('`false`: return the link as JSON instead of a redirect.'),
})

export const exportErrorSchema = z
  .object({
    code: z
      .string()
      .describe('One of the codes in `Problem`.')
      .meta({ examples: ['SOURCE_TIMEOUT'] }),
    message: z
      .string()
      .describe('What happened and what to do.')
      .meta({ examples: ['The source database took too long. Narrow the filters.'] }),
    retryable: z.boolean().describe('Whether the same request may succeed later.'),
  })
  .meta({ id: 'ExportError', description: 'Why an export failed.' })

const queuePlaceSchema = z
  .object({
    lane: z.enum(['small', 'large']).describe('Small and large exports have separate queues.'),
    ahead: countSchema.describe(
      'Number of older exports in the same lane. Callers take turns, so some of these may run later than this one.',
    ),
  })
  .meta({ id: 'QueuePlace' })

const exportFields = z.object({
  id: idSchema,
  dataset: datasetNameSchema,
  format: z.enum(FORMAT_NAMES),
  filters: filtersSchema,
  columns: z.array(z.string()).describe('Columns of the file, in order.'),
  limit: z.int().min(1).nullable().describe('Requested row limit. null: the maximum of the dataset.'),
  compression: z.enum(COMPRESSIONS),
  csv: csvOptionsSchema.optional().describe('Only for format csv.'),
  status: z.enum(EXPORT_STATUSES),
  progress: progressSchema,
  rowCount: countSchema.nullable().describe('Data rows in the file. null: not completed.'),
  bytes: countSchema.nullable().describe('Size of the stored object. null: not completed.'),
  sha256: sha256Schema.nullable(),
  filename: filenameSchema,
  contentType: contentTypeSchema,
  truncated: z.boolean().describe('Whether more rows match than the limit allows.'),
  warnings: z.array(warningSchema),
  download: downloadSchema.optional().describe('Only if completed, and only in the response for a single export.'),
  error: exportErrorSchema.optional().describe('Only if failed.'),
  queue: queuePlaceSchema.optional().describe('Only while queued, and only in the response for a single export.'),
  waitingFor: z
    .enum(WAIT_REASONS)
    .nullable()
    .describe(
      'What a queued export waits for: its `turn`, the delay after an error (`retry`), or the `storage` or the `source`, which is unavailable. null: not queued.',
    ),
  nextAttemptAt: instantSchema
    .nullable()
    .describe(
      'The export is attempted again at this time, or sooner when the storage or source is available again. null: as soon as a worker can run it, or not queued.',
    ),
  attempts: countSchema.describe('Started attempts, without those that an unavailable storage or source has ended.'),
  requestedBy: callerNameSchema,
  snapshotAt: instantSchema.nullable().describe('Time of the database snapshot that the file contains.'),
  createdAt: instantSchema,
  startedAt: instantSchema.nullable(),
  finishedAt: instantSchema.nullable(),
  expiresAt: instantSchema.nullable().describe('When the file is deleted.'),
  requestedByKind: callerKindSchema,
})

const COMPLETED: z.infer<typeof exportFields> = {
  id: '01a206bd-3a7c-70dd-b151-2b1407fb87af',
  dataset: 'user-points',
  format: 'csv',
  filters: { dateFrom: '2026-01-01' },
  columns: ['id', 'created_at', 'points'],
  limit: 10_000,
  compression: 'none',
  csv: { delimiter: ',', bom: false, header: true, escapeFormulas: true },
  status: 'completed',
  progress: { rows: 1000, bytes: 73_960, estimatedRows: 1024, percent: 100 },
  rowCount: 1000,
  bytes: 73_960,
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  filename: 'user-points_20260609T120000Z.csv',
  contentType: 'text/csv; charset=utf-8',
  truncated: false,
  warnings: [],
  waitingFor: null,
  nextAttemptAt: null,
  attempts: 1,
  requestedBy: 'wb_3q27wXyZ',
  snapshotAt: '2026-06-09T12:00:00.380Z',
  createdAt: '2026-06-09T12:00:00.257Z',
  startedAt: '2026-06-09T12:00:00.336Z',
  finishedAt: '2026-06-09T12:00:00.475Z',
  expiresAt: '2026-06-16T12:00:00.475Z',
  requestedByKind: 'api-key',
}

/** The response to a new request. */
export const QUEUED_EXPORT: z.infer<typeof exportFields> = {
  ...COMPLETED,
  status: 'queued',
  waitingFor: 'turn',
  progress: { rows: 0, bytes: 0, estimatedRows: 1024, percent: 0 },
  ...{ rowCount: null, bytes: null, sha256: null, attempts: 0 },
  ...{ snapshotAt: null, startedAt: null, finishedAt: null, expiresAt: null },
}

export const CANCELED_EXPORT: z.infer<typeof exportFields> = {
  ...QUEUED_EXPORT,
  status: 'canceled',
  waitingFor: null,
  finishedAt: '2026-06-09T12:00:00.475Z',
}

export const exportSchema = exportFields.meta({ id: 'Export', examples: [COMPLETED] })
export type Export = z.infer<typeof exportSchema>

/** What a caller sends: fields with a default are optional. */
export type ExportRequestBody = z.input<typeof exportRequestSchema>

export const exportListQuerySchema = z.strictObject({
  scope: scopeSchema,
  status: z.enum(EXPORT_STATUSES).optional().describe('Only exports with this status.'),
  dataset: z
    .string()
    .max(100)
    .refine(isStorableText, NOT_STORABLE)
    .optional()
    .describe('Only exports of this dataset.'),
  requestedBy: z
    .string()
    .min(1)
    .max(100)
    .refine(isStorableText, NOT_STORABLE)
    .optional()
    .describe('Only exports of callers whose name contains this text, ignoring case.'),
  from: instantFilterSchema
    .optional()
    .describe('Only exports requested at this time or later. A date means its start in UTC.'),
  to: instantFilterSchema
    .optional()
    .describe('Only exports requested at this time or earlier. A date includes the whole day in UTC.'),
  format: listFormatSchema,
  limit: pageLimitSchema,
  cursor: z.uuid().optional().describe('The `nextCursor` of the previous page.'),
})

export type ExportListQuery = z.infer<typeof exportListQuerySchema>

export const exportListSchema = z
  .object({
    items: z.array(exportSchema).describe('Newest first.'),
    nextCursor: z.uuid().nullable().describe('Send it as `cursor` for the next page. null: this is the last page.'),
  })
  .meta({ id: 'ExportList' })
export type ExportList = z.infer<typeof exportListSchema>
