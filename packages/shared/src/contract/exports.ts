// An export as the API shows it, and the list of them.
import { z } from 'zod'
import {
  COMPRESSIONS,
  csvOptionsSchema,
  EXPORT_STATUSES,
  type exportRequestSchema,
  FORMAT_NAMES,
  WARNING_CODES,
} from '../vocabulary/export.ts'
import { instantFilterSchema } from '../vocabulary/instant.ts'
import { isStorableText, NOT_STORABLE } from '../vocabulary/text.ts'
import {
  callerNameSchema,
  contentTypeSchema,
  countSchema,
  datasetNameSchema,
  filenameSchema,
  idSchema,
  instantSchema,
  pageLimitSchema,
  scopeSchema,
  sha256Schema,
} from './fields.ts'

export const filtersSchema = z
  .record(z.string(), z.unknown())
  .describe('The filters as they were asked for, by their names.')

export const warningSchema = z
  .object({
    code: z.enum(WARNING_CODES),
    count: z.int().min(1).describe('How many cells, or further sheets.'),
  })
  .meta({ id: 'Warning', description: 'Something that is in the file in another shape than in the database.' })

export const progressSchema = z
  .object({
    rows: countSchema,
    bytes: countSchema.describe('Handed to the storage so far.'),
    estimatedRows: countSchema.nullable().describe('The guess of the database’s planner; null: it could not say.'),
    percent: z.int().min(0).max(100).nullable().describe('100 only when the file is there.'),
  })
  .meta({ id: 'Progress' })

export const downloadSchema = z
  .object({
    url: z.url().describe('A signed link that needs no key. Keep it secret; it works until `expiresAt`.'),
    expiresAt: instantSchema,
  })
  .meta({ id: 'Download' })

export type Download = z.infer<typeof downloadSchema>

export const downloadQuerySchema = z.strictObject({
  redirect: z.enum(['true', 'false']).default('true').describe('`false`: the link is told instead of followed.'),
})

export const exportErrorSchema = z
  .object({
    code: z
      .string()
      .describe('One of the codes of `Problem`.')
      .meta({ examples: ['SOURCE_TIMEOUT'] }),
    message: z
      .string()
      .describe('What happened, and what to do.')
      .meta({ examples: ['The source database took too long. Narrow the filters.'] }),
    retryable: z.boolean().describe('Whether asking for the same again may work.'),
  })
  .meta({ id: 'ExportError', description: 'Why an export failed.' })

export const queuePlaceSchema = z
  .object({
    lane: z.enum(['small', 'large']).describe('Small and large exports do not wait for each other.'),
    ahead: countSchema.describe(
      'Exports of the same lane that have waited longer. Callers take turns: some may come later.',
    ),
  })
  .meta({ id: 'QueuePlace' })

const exportFields = z.object({
  id: idSchema,
  dataset: datasetNameSchema,
  format: z.enum(FORMAT_NAMES),
  filters: filtersSchema,
  columns: z.array(z.string()).describe('Of the file, in order.'),
  limit: z.int().min(1).nullable().describe('Rows at most, as asked; null: as many as there may be.'),
  compression: z.enum(COMPRESSIONS),
  csv: csvOptionsSchema.optional().describe('Only for format csv.'),
  status: z.enum(EXPORT_STATUSES),
  progress: progressSchema,
  rowCount: countSchema.nullable().describe('Rows of data in the file; null until it is there.'),
  bytes: countSchema.nullable().describe('Of the stored object; null until it is there.'),
  sha256: sha256Schema.nullable(),
  filename: filenameSchema,
  contentType: contentTypeSchema,
  truncated: z.boolean().describe('Whether the limit cut rows off.'),
  warnings: z.array(warningSchema),
  download: downloadSchema.optional().describe('Only while completed, and only when this one export was asked for.'),
  error: exportErrorSchema.optional().describe('Only when failed.'),
  queue: queuePlaceSchema.optional().describe('Only while queued, and only when this one export was asked for.'),
  attempts: countSchema,
  requestedBy: callerNameSchema,
  snapshotAt: instantSchema.nullable().describe('The file shows the source as it was at this moment.'),
  createdAt: instantSchema,
  startedAt: instantSchema.nullable(),
  finishedAt: instantSchema.nullable(),
  expiresAt: instantSchema.nullable().describe('When the file is removed.'),
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
  attempts: 1,
  requestedBy: 'reports',
  snapshotAt: '2026-06-09T12:00:00.380Z',
  createdAt: '2026-06-09T12:00:00.257Z',
  startedAt: '2026-06-09T12:00:00.336Z',
  finishedAt: '2026-06-09T12:00:00.475Z',
  expiresAt: '2026-06-16T12:00:00.475Z',
}

/** As it is answered when it has been asked for. */
export const QUEUED_EXPORT: z.infer<typeof exportFields> = {
  ...COMPLETED,
  status: 'queued',
  progress: { rows: 0, bytes: 0, estimatedRows: 1024, percent: 0 },
  ...{ rowCount: null, bytes: null, sha256: null, attempts: 0 },
  ...{ snapshotAt: null, startedAt: null, finishedAt: null, expiresAt: null },
}

export const CANCELED_EXPORT: z.infer<typeof exportFields> = {
  ...QUEUED_EXPORT,
  status: 'canceled',
  finishedAt: '2026-06-09T12:00:00.475Z',
}

export const exportSchema = exportFields.meta({ id: 'Export', examples: [COMPLETED] })
export type Export = z.infer<typeof exportSchema>

/** What a caller sends to ask for one: defaults may be left out. */
export type ExportRequestBody = z.input<typeof exportRequestSchema>

export const exportListQuerySchema = z.strictObject({
  scope: scopeSchema,
  status: z.enum(EXPORT_STATUSES).optional().describe('Only those in this state.'),
  dataset: z.string().max(100).refine(isStorableText, NOT_STORABLE).optional().describe('Only those of this dataset.'),
  requestedBy: z
    .string()
    .min(1)
    .max(100)
    .refine(isStorableText, NOT_STORABLE)
    .optional()
    .describe('Only those of callers whose name contains this, in whatever case.'),
  from: instantFilterSchema
    .optional()
    .describe('Only those asked for at this time or later; a day means its start in UTC.'),
  to: instantFilterSchema
    .optional()
    .describe('Only those asked for at this time or earlier; a day means until its end in UTC.'),
  limit: pageLimitSchema,
  cursor: z.uuid().optional().describe('The `nextCursor` of the page before.'),
})

export type ExportListQuery = z.infer<typeof exportListQuerySchema>

export const exportListSchema = z
  .object({
    items: z.array(exportSchema).describe('Newest first.'),
    nextCursor: z.uuid().nullable().describe('Send it as `cursor` for the next page; null: there is none.'),
  })
  .meta({ id: 'ExportList' })
export type ExportList = z.infer<typeof exportListSchema>
