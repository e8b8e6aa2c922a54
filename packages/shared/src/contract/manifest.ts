// The manifest that proves that a file is complete, both in the API and as manifest.json next to the file.
import { z } from 'zod'
import { COMPRESSIONS, FORMAT_NAMES } from '../vocabulary/export.ts'
import { columnSchema } from './datasets.ts'
import { filtersSchema, warningSchema } from './exports.ts'
import {
  callerNameSchema,
  contentTypeSchema,
  countSchema,
  datasetNameSchema,
  filenameSchema,
  idSchema,
  instantSchema,
  sha256Schema,
} from './fields.ts'

export const manifestSchema = z
  .object({
    exportId: idSchema,
    dataset: datasetNameSchema,
    format: z.enum(FORMAT_NAMES),
    compression: z.enum(COMPRESSIONS),
    filename: filenameSchema,
    contentType: contentTypeSchema,
    columns: z.array(columnSchema).describe('In the order of the columns in the file.'),
    filters: filtersSchema,
    limit: z.int().min(1).nullable(),
    rowCount: countSchema,
    truncated: z.boolean(),
    warnings: z.array(warningSchema),
    bytes: countSchema,
    sha256: sha256Schema,
    snapshotAt: instantSchema.describe('Time of the database snapshot that the file contains.'),
    attempts: countSchema,
    requestedBy: callerNameSchema,
    createdAt: instantSchema,
  })
  .meta({ id: 'Manifest' })
export type Manifest = z.infer<typeof manifestSchema>
