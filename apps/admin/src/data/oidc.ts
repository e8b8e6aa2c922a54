// Signing in with OpenID Connect: authorization code flow with PKCE, as a public client.
import {
  type AuthorizationServer,
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  type Client,
  calculatePKCECodeChallenge,
  discoveryRequest,
  generateRandomCodeVerifier,
  generateRandomState,
  None,
  processAuthorizationCodeResponse,
  processDiscoveryResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  validateAuthResponse,
} from 'oauth4webapi'
import { signInText } from '../strings/sign-in.ts'
import { CALLBACK_PATH, type OidcConfig, readOidcConfig } from './oidc-config.ts'
import { startSession } from './session.ts'

/** Kept while the user is at the provider. */
interface Pending {
  readonly state: string
  readonly verifier: string
  /** The page that the user came from. */
  readonly returnTo: string
}

const PENDING = 'waybill.sign-in'

/** Leaves this page for the provider's sign-in page. */
export async function leaveForProvider(config: OidcConfig): Promise<void> {
  const server = await discover(config)
  if (server.authorization_endpoint === undefined) throw new Error(signInText.noAddress)
  const verifier = generateRandomCodeVerifier()
  const state = generateRandomState()
  const returnTo = `${location.pathname}${location.search}`
  sessionStorage.setItem(PENDING, JSON.stringify({ state, verifier, returnTo } satisfies Pending))
  const url = new URL(server.authorization_endpoint)
  const scope = typeof config.scopes === 'string' ? config.scopes : config.scopes.join(' ')
  const parameters = {
    client_id: config.clientId,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope,
    state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  location.assign(url)
}

/** Starts the session after the provider has redirected back. @returns the page that the user came from */
export async function finishSignIn(config: OidcConfig): Promise<string> {
  const text = sessionStorage.getItem(PENDING)
  if (text === null) throw new Error(signInText.notStarted)
  sessionStorage.removeItem(PENDING)
  const { state, verifier, returnTo } = JSON.parse(text) as Pending
  const server = await discover(config)
  const client = clientOf(config)
  const answer = validateAuthResponse(server, client, new URL(location.href), state)
  const options = insecure(config)
  const granted = await authorizationCodeGrantRequest(server, client, None(), answer, redirectUri(), verifier, options)
  const tokens = await processAuthorizationCodeResponse(server, client, granted)
  startSession({
    token: tokens.access_token,
    ...(tokens.refresh_token === undefined ? {} : { refreshToken: tokens.refresh_token }),
  })
  return returnTo
}

/** Continues the session with a new access token. @returns false when the user must sign in again */
export async function renewSession(refreshToken: string): Promise<boolean> {
  try {
    const config = await readOidcConfig()
    if (config === null) return false
    const server = await discover(config)
    const client = clientOf(config)
    const answer = await refreshTokenGrantRequest(server, client, None(), refreshToken, insecure(config))
    const tokens = await processRefreshTokenResponse(server, client, answer)
    startSession({ token: tokens.access_token, refreshToken: tokens.refresh_token ?? refreshToken })
    return true
  } catch {
    return false // the reason does not matter: the user has to sign in again
  }
}

async function discover(config: OidcConfig): Promise<AuthorizationServer> {
  const issuer = new URL(config.issuer)
  return processDiscoveryResponse(issuer, await discoveryRequest(issuer, insecure(config)))
}

function clientOf({ clientId }: OidcConfig): Client {
  return { client_id: clientId }
}

/** Allows plain HTTP only if the configured issuer uses it, as on a developer's machine. */
function insecure({ issuer }: OidcConfig) {
  return { [allowInsecureRequests]: issuer.startsWith('http:') }
}

function redirectUri(): string {
  return `${location.origin}${CALLBACK_PATH}`
}
