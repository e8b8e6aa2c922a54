// Security headers of every response, and CORS: which other origins may call the API.
import type { Config } from '@waybill/shared/settings/schema.ts'
import cors from 'cors'
import type { RequestHandler } from 'express'
import helmet from 'helmet'

const NONE = ["'none'"]

/** API responses may load, run and frame nothing. The admin page and the API reference set their own policies. */
export function secureHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: NONE, baseUri: NONE, formAction: NONE, frameAncestors: NONE },
    },
    // Without subdomains, which may belong to other services. Browsers apply the header over HTTPS only.
    strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
  })
}

/** Undefined when no other origin may call. Callers send their token in a header, so cookies are not allowed. */
export function crossOrigin({ CORS_ORIGINS: origins }: Config): RequestHandler | undefined {
  if (origins === undefined) return undefined
  return cors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-None-Match'],
    exposedHeaders: ['ETag', 'Link', 'Location', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
  })
}
