// The body of every error response: an RFC 9457 problem with a stable code.
import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../vocabulary/errors.ts'

const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]

const fieldErrorSchema = z
  .object({
    path: z.string().describe('Path of the field, such as `filters.dateFrom` or `columns[2]`. Empty: the whole body.'),
    message: z.string(),
  })
  .meta({ id: 'FieldError', description: 'One invalid field of a request.' })

export const problemSchema = z
  .object({
    type: z.string().describe('`urn:waybill:error:` followed by the code.'),
    title: z.string().describe('Short meaning of the code.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What happened and what to do.'),
    instance: z.string().describe('Path of the request.'),
    code: z.enum(ERROR_CODES).describe('Stable. Match on it, not on texts.'),
    errors: z.array(fieldErrorSchema).optional().describe('All invalid fields. Only with VALIDATION_FAILED.'),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' })
export type Problem = z.infer<typeof problemSchema>
