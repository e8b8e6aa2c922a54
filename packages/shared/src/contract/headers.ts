// The headers that requests may and answers do carry, beside those of HTTP itself.
import { z } from 'zod'

/** As in draft-ietf-httpapi-idempotency-key-header: printable ASCII, ours to 255 characters. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
  .describe(
    'Makes a repeat safe: for 24 hours the same key and the same request give the same export; the same key with another request is 422.',
  )
  .meta({ examples: ['6f1d2c1e-monday-report'] })

export const ifNoneMatchSchema = z
  .string()
  .describe('The ETag of the version you have: 304 when nothing has changed since.')
  .meta({ examples: ['W/"3q2-7wXyZ0aBcDeFgHiJkLmNoPq"'] })

/** Every header that an answer is documented to carry. */
export const RESPONSE_HEADERS = {
  Location: z
    .string()
    .describe('The address of what was made, or where to go for it.')
    .meta({ examples: ['/v1/exports/01a206bd-3a7c-70dd-b151-2b1407fb87af'] }),
  'Retry-After': z
    .string()
    .regex(/^\d+$/)
    .describe('Seconds after which to ask again.')
    .meta({ examples: ['1'] }),
  ETag: z
    .string()
    .describe('Names this version of the answer; send it as If-None-Match.')
    .meta({ examples: ['W/"3q2-7wXyZ0aBcDeFgHiJkLmNoPq"'] }),
  'Cache-Control': z
    .string()
    .describe('Who may keep the answer, and for how long.')
    .meta({ examples: ['no-store'] }),
  Allow: z
    .string()
    .describe('The methods that this address answers.')
    .meta({ examples: ['HEAD, GET, POST'] }),
  'WWW-Authenticate': z
    .string()
    .describe('The scheme to authenticate with.')
    .meta({ examples: ['Bearer'] }),
  RateLimit: z
    .string()
    .describe('What is left of the quota (r), and the seconds until it is whole again (t).')
    .meta({ examples: ['"caller";r=29999;t=60'] }),
  'RateLimit-Policy': z
    .string()
    .describe('The quota that counts here: requests (q) in so many seconds (w).')
    .meta({ examples: ['"caller";q=30000;w=60'] }),
  'X-Request-Id': z.uuid().describe('Names this request in the log of the service.'),
} as const satisfies Record<string, z.ZodType<string>>

export type ResponseHeader = keyof typeof RESPONSE_HEADERS
