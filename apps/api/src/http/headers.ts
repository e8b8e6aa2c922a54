// What browsers are told about every answer: what a page of ours may do, and which pages of others may call.
import type { Config } from '@waybill/shared/settings/schema.ts'
import cors from 'cors'
import type { RequestHandler } from 'express'
import helmet from 'helmet'

const NONE = ["'none'"]

/** An answer of the API is no page: it may load, run and frame nothing. Pages of ours say themselves what they need. */
export function secureHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: NONE, baseUri: NONE, formAction: NONE, frameAncestors: NONE },
    },
    // For this host only: what its other names serve is not ours to say. Browsers heed it over https only.
    strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
  })
}

/** Undefined: no page of others may call. A token is sent by the page itself, so no cookies are let through. */
export function crossOrigin({ CORS_ORIGINS: origins }: Config): RequestHandler | undefined {
  if (origins === undefined) return undefined
  return cors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-None-Match'],
    exposedHeaders: ['ETag', 'Location', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
  })
}
