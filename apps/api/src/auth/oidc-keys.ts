// The public keys of the identity provider: discovered, cached, and fetched again when the provider rotates them.
import { singleFlight } from '@waybill/shared/async/single-flight.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'

const REQUEST_TIMEOUT_MS = 3_000

/** A key that the provider has withdrawn stays valid this long, and the provider may be unavailable this long. */
const KEYS_TTL_MS = 600_000

/** Between two requests for an unknown key id: forged tokens must not flood the provider. */
const UNKNOWN_KEY_COOLDOWN_MS = 3_000

/** After a failure, requests fail at once for this long instead of each waiting for the timeout. */
const FAILURE_COOLDOWN_MS = 1_000

type Keys = ReturnType<typeof createRemoteJWKSet>

/**
 * Sends no request to the provider before the first token arrives, so the process can start without it. Faults of a
 * token are thrown as errors of jose, faults of the provider as WaybillError IDENTITY_PROVIDER_UNAVAILABLE.
 *
 * @param jwksUrl default: the `jwks_uri` of the provider's discovery document
 */
export function createProviderKeys(issuer: string, jwksUrl: string | undefined): JWTVerifyGetKey {
  let keys: Keys | undefined

  let failedAt = Number.NEGATIVE_INFINITY

  const discoverKeys = singleFlight(0, async (): Promise<Keys> => {
    const url = jwksUrl ?? (await discover(issuer))
    keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: REQUEST_TIMEOUT_MS,
      cacheMaxAge: KEYS_TTL_MS,
      cooldownDuration: UNKNOWN_KEY_COOLDOWN_MS,
    })
    return keys
  })

  return async (header, token) => {
    if (!keys?.fresh && performance.now() - failedAt < FAILURE_COOLDOWN_MS) {
      throw new WaybillError('IDENTITY_PROVIDER_UNAVAILABLE')
    }
    try {
      return await (keys ?? (await discoverKeys()))(header, token)
    } catch (error) {
      if (isTokenFault(error)) throw error
      // The URL of the keys may have changed. Fresh keys are kept: they still verify other tokens.
      if (!keys?.fresh) keys = undefined
      failedAt = performance.now()
      throw new WaybillError('IDENTITY_PROVIDER_UNAVAILABLE', undefined, { cause: error })
    }
  }
}

/** OpenID Connect Discovery 1.0, 4. @throws Error when the provider does not respond, or names another issuer */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS), redirect: 'error' })
  if (!response.ok) throw new Error(`${url} responded with status ${response.status}`)
  const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown }
  if (document.issuer !== issuer) {
    throw new Error(`OIDC_ISSUER is ${issuer}, but ${url} names the issuer ${String(document.issuer)}`)
  }
  if (typeof document.jwks_uri !== 'string') throw new Error(`${url} has no jwks_uri`)
  return document.jwks_uri
}

/** Any other failure while a key is looked up is a fault of the provider. */
function isTokenFault(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWSInvalid
  )
}
