// OIDC access tokens: verifies them as RFC 9068 requires and maps them to callers.
import { createHash } from 'node:crypto'
import type { Caller } from '@waybill/shared/access/api-keys.ts'
import type { Actor } from '@waybill/shared/audit/record.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { OIDC_ID_PREFIX } from '@waybill/shared/vocabulary/caller-kind.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { isStorableText } from '@waybill/shared/vocabulary/text.ts'
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { createProviderKeys } from './oidc-keys.ts'

/** Asymmetric signatures only. With HS256, the public key of the issuer would be enough to forge a token. */
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')

/** OpenID Connect Core, 2: at most 255 ASCII characters. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/

const MAX_NAME_CHARACTERS = 100

const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash']

/** RFC 9068, 2.1. */
const ACCESS_TOKEN_TYPE = /^(application\/)?at\+jwt$/i

/** Control characters, and characters that are invisible or change the direction of text. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]/gu

/** What the audit trail shows for API keys, the bootstrap key, `npm run keys`, workers, and subjects without a name. */
const RESERVED_NAME = /^\s*(wb_|bootstrap\s*$|keys:|worker:|oidc:)/i

/** Whether the bearer token is a JWT; an API key is not. */
export function isToken(token: string): boolean {
  try {
    return decodeProtectedHeader(token).alg !== undefined
  } catch {
    return false // a text that cannot be decoded is not a JWT
  }
}

export interface TokenVerifier {
  /**
   * The caller; without a role when the token has neither of the configured ones, or not the required scope.
   *
   * @throws WaybillError UNAUTHENTICATED, IDENTITY_PROVIDER_UNAVAILABLE
   */
  verify(token: string): Promise<Unauthorized | Caller>
  /**
   * The subject that an unverified token claims. Undefined when its claims are not those of a valid token, whatever its
   * signature is.
   */
  subjectOf(token: string): string | undefined
}

/** The holder of a valid token that allows nothing. `reason` is for the caller. */
export interface Unauthorized extends Actor {
  readonly role: undefined
  readonly reason: string
}

/** Undefined when no issuer is configured. */
export function createTokenVerifier(config: Config): TokenVerifier | undefined {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = config
  if (issuer === undefined || audience === undefined) return undefined
  const keys = createProviderKeys(issuer, config.OIDC_JWKS_URL)
  const clockTolerance = config.OIDC_CLOCK_SKEW / 1000
  // Subjects are unique only within their issuer.
  const issuerId = createHash('sha256').update(issuer).digest('hex').slice(0, 8)
  const verify = async (token: string): Promise<Unauthorized | Caller> => {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer,
      audience,
      clockTolerance,
      algorithms: ALGORITHMS,
      requiredClaims: ['sub', 'exp'],
    }).catch(throwUnauthenticated)
    const subject = payload.sub ?? ''
    if (!isAccessToken(payload, protectedHeader.typ) || !SUBJECT.test(subject)) {
      throw new WaybillError('UNAUTHENTICATED', 'The token is not a bearer access token.')
    }
    if (config.OIDC_REQUIRE_AT_JWT && !ACCESS_TOKEN_TYPE.test(protectedHeader.typ ?? '')) {
      throw new WaybillError('UNAUTHENTICATED', 'The header of the token does not have "typ": "at+jwt".')
    }
    const actor = { id: `${OIDC_ID_PREFIX}${issuerId}/${subject}`, name: nameOf(payload, subject) }
    const scope = config.OIDC_REQUIRED_SCOPE
    if (scope !== undefined && !scopesOf(payload).includes(scope)) {
      return { ...actor, role: undefined, reason: `The token does not have the scope "${scope}".` }
    }
    const role = roleOf(payload, config)
    if (role !== undefined) return { ...actor, role, datasets: [] }
    const reason = 'The token has neither the administrator role nor the exporter role.'
    return { ...actor, role, reason }
  }
  const subjectOf = (token: string): string | undefined => {
    try {
      const { alg = '' } = decodeProtectedHeader(token)
      const { iss, aud, exp, nbf, sub } = decodeJwt(token)
      const now = Date.now() / 1000
      const isCurrent = Number(exp) > now - clockTolerance && (nbf === undefined || Number(nbf) <= now + clockTolerance)
      const isForUs = iss === issuer && (Array.isArray(aud) ? aud.includes(audience) : aud === audience)
      return ALGORITHMS.includes(alg) && isCurrent && isForUs && SUBJECT.test(sub ?? '') ? sub : undefined
    } catch {
      return undefined // a text that cannot be decoded is not a JWT
    }
  }
  return { verify, subjectOf }
}

/** Names the fault only when the signature is valid, so that the message does not help to forge a token. */
function throwUnauthenticated(error: unknown): never {
  if (error instanceof errors.JWTExpired) throw unauthenticated('The token has expired.', error)
  if (error instanceof errors.JWTClaimValidationFailed) {
    throw unauthenticated(
      `The claim "${error.claim}" of the token is missing or does not have the expected value.`,
      error,
    )
  }
  if (error instanceof errors.JOSEError) throw unauthenticated('The token cannot be verified.', error)
  throw error
}

function unauthenticated(message: string, cause: unknown): WaybillError {
  return new WaybillError('UNAUTHENTICATED', message, { cause })
}

/**
 * False for ID and refresh tokens (Keycloak marks them in the claim `typ`, RFC 9068 in the header), and for tokens
 * bound to a key of their holder (`cnf`, RFC 9449 and 8705), because Waybill does not check that the sender has the key.
 */
function isAccessToken(payload: JWTPayload, headerType: string | undefined): boolean {
  if (headerType !== undefined && !/^(jwt|(application\/)?at\+jwt)$/i.test(headerType)) return false
  if (payload.cnf !== undefined || (payload.typ !== undefined && payload.typ !== 'Bearer')) return false
  // Nothing marks the tokens of many providers. Only an ID token then has these claims (OpenID Connect Core, 2 and 3.3).
  const isMarked = payload.typ === 'Bearer' || ACCESS_TOKEN_TYPE.test(headerType ?? '')
  return isMarked || !ID_TOKEN_CLAIMS.some((claim) => Object.hasOwn(payload, claim))
}

function roleOf(payload: JWTPayload, config: Config): Caller['role'] | undefined {
  const roles = rolesOf(payload, config.OIDC_ROLES_CLAIM)
  if (roles.includes(config.OIDC_ADMIN_ROLE)) return 'admin'
  if (config.OIDC_EXPORTER_ROLE !== undefined && roles.includes(config.OIDC_EXPORTER_ROLE)) return 'exporter'
  return undefined
}

/** `scope` (RFC 9068, 2.2.3), or `scp` of Entra ID and Okta; each is a list, or words separated by spaces. */
function scopesOf({ scope, scp }: JWTPayload): readonly unknown[] {
  return [...words(scope), ...words(scp)]
}

/** A list, or words separated by spaces as in `scope`. The name of a claim may contain dots: "https://a.example/roles". */
function rolesOf(payload: JWTPayload, path: string): readonly unknown[] {
  const roles = Object.hasOwn(payload, path) ? payload[path] : path.split('.').reduce<unknown>(property, payload)
  return words(roles)
}

function words(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return value.split(' ')
  return Array.isArray(value) ? value : []
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}

/** Shown to people. The caller is identified by its id. A token cannot pass for a key, for the settings or for a worker. */
function nameOf({ preferred_username, email }: JWTPayload, subject: string): string {
  const cleaned = [preferred_username, email].filter(isName).map((name) => name.replaceAll(INVISIBLE, '').trim())
  const name = [...cleaned, subject].find((text) => text !== '' && !RESERVED_NAME.test(text.normalize('NFKC')))
  return name ?? `${OIDC_ID_PREFIX}${subject}`
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= MAX_NAME_CHARACTERS && isStorableText(name)
}
