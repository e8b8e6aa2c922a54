// The public keys of the identity provider: found, kept for a while, fetched again when it has made new ones.
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'

/** Milliseconds that one answer of the provider may take. */
const TIMEOUT = 3_000

/** A key that the provider has withdrawn is good for so many milliseconds more; and so long we can do without it. */
const MAX_AGE = 600_000

/** Milliseconds between two looks for a key that nobody has heard of: tokens made up must not become a flood there. */
const COOLDOWN = 3_000

/** Milliseconds after a failure in which others are told at once, instead of each waiting for the time-out. */
const PAUSE = 1_000

type Keys = ReturnType<typeof createRemoteJWKSet>

/**
 * Asks nothing of the provider before the first token comes: a start does not depend on it. What is wrong with a token
 * is thrown as jose does, what is wrong with the provider as IDENTITY_PROVIDER_UNAVAILABLE.
 *
 * @param jwksUrl undefined: told by the provider's discovery document
 */
export function createProviderKeys(issuer: string, jwksUrl: string | undefined): JWTVerifyGetKey {
  let keys: Keys | undefined
  let searching: Promise<Keys> | undefined
  let failedAt = Number.NEGATIVE_INFINITY

  const find = async (): Promise<Keys> => {
    const url = jwksUrl ?? (await discover(issuer))
    keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: TIMEOUT,
      cacheMaxAge: MAX_AGE,
      cooldownDuration: COOLDOWN,
    })
    return keys
  }
  const findOnce = () => {
    searching ??= find().finally(() => {
      searching = undefined
    })
    return searching
  }

  return async (header, token) => {
    if (!keys?.fresh && performance.now() - failedAt < PAUSE) throw new WaybillError('IDENTITY_PROVIDER_UNAVAILABLE')
    try {
      return await (keys ?? (await findOnce()))(header, token)
    } catch (error) {
      if (isOfToken(error)) throw error
      // Its keys may have moved. Those that are fresh are kept: others' tokens are still good.
      if (!keys?.fresh) keys = undefined
      failedAt = performance.now()
      throw new WaybillError('IDENTITY_PROVIDER_UNAVAILABLE', undefined, { cause: error })
    }
  }
}

/** OpenID Connect Discovery 1.0, 4. @throws Error when the provider does not answer, or is another one */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT), redirect: 'error' })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  const document = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown }
  if (document.issuer !== issuer) {
    throw new Error(`OIDC_ISSUER is ${issuer}, but the provider there calls itself ${String(document.issuer)}`)
  }
  if (typeof document.jwks_uri !== 'string') throw new Error(`${url} names no jwks_uri`)
  return document.jwks_uri
}

/** Anything else that goes wrong while a key is looked for is the provider's. */
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWSInvalid
  )
}
