// The request and response headers of the API that the documentation describes.
import { z } from 'zod'

/** See draft-ietf-httpapi-idempotency-key-header. Printable ASCII, at most 255 characters. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
  .describe(
    'Makes retries safe. For 24 hours, the same key with the same request returns the same export. The same key with another request is answered with 422.',
  )
  .meta({ examples: ['6f1d2c1e-monday-report'] })

export const ifNoneMatchSchema = z
  .string()
  .describe('ETag of a previous response. The answer is 304 if nothing has changed.')
  .meta({ examples: ['W/"3q2-7wXyZ0aBcDeFgHiJkLmNoPq"'] })

/** Every documented response header. */
export const RESPONSE_HEADERS = {
  Location: z
    .string()
    .describe('URL of the created resource, or of the file.')
    .meta({ examples: ['/v1/exports/01a206bd-3a7c-70dd-b151-2b1407fb87af'] }),
  Link: z
    .string()
    .describe('In CSV only: the URL of the next page, with `rel="next"` (RFC 8288). Absent on the last page.')
    .meta({ examples: ['</v1/audit?format=csv&cursor=1041>; rel="next"'] }),
  'Retry-After': z
    .string()
    .regex(/^\d+$/)
    .describe('Seconds to wait before the next request.')
    .meta({ examples: ['1'] }),
  ETag: z
    .string()
    .describe('Version of this response. Send it as If-None-Match.')
    .meta({ examples: ['W/"3q2-7wXyZ0aBcDeFgHiJkLmNoPq"'] }),
  'Cache-Control': z
    .string()
    .describe('Caching rules of the response.')
    .meta({ examples: ['no-store'] }),
  Allow: z
    .string()
    .describe('Methods that this path supports.')
    .meta({ examples: ['HEAD, GET, POST'] }),
  'WWW-Authenticate': z
    .string()
    .describe('Authentication scheme to use.')
    .meta({ examples: ['Bearer'] }),
  RateLimit: z
    .string()
    .describe('Remaining requests (r) and seconds until the quota is reset (t).')
    .meta({ examples: ['"caller";r=29999;t=60'] }),
  'RateLimit-Policy': z
    .string()
    .describe('The quota: requests (q) per window in seconds (w).')
    .meta({ examples: ['"caller";q=30000;w=60'] }),
  'X-Request-Id': z.uuid().describe('Id of this request in the log of the service.'),
} as const satisfies Record<string, z.ZodType<string>>

export type ResponseHeader = keyof typeof RESPONSE_HEADERS
