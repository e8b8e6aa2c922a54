// The export list of GAME's original export service, with the same fields for its existing clients.
import { z } from 'zod'
import { FORMAT_NAMES } from '../vocabulary/export.ts'
import { filtersSchema } from './exports.ts'
import {
  callerNameSchema,
  datasetNameSchema,
  idSchema,
  instantSchema,
  listFormatSchema,
  pageLimitSchema,
  scopeSchema,
} from './fields.ts'

export const historyQuerySchema = z.strictObject({
  scope: scopeSchema,
  format: listFormatSchema,
  limit: pageLimitSchema,
})
export type HistoryQuery = z.infer<typeof historyQuerySchema>

export const historyItemSchema = z
  .object({
    id: idSchema,
    datasetType: datasetNameSchema,
    format: z.enum(FORMAT_NAMES),
    filters: filtersSchema,
    rowLimit: z.int().min(1),
    rowCount: z.int().min(-1).describe('−1 until the export is completed.'),
    status: z.enum(['started', 'completed', 'failed']),
    requestedBy: callerNameSchema,
    created_at: instantSchema,
  })
  .meta({ id: 'HistoryItem' })
export type HistoryItem = z.infer<typeof historyItemSchema>

export const historySchema = z.array(historyItemSchema).meta({ id: 'History', description: 'Newest first.' })
