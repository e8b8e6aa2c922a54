// A real OpenID provider on loopback behind a TCP proxy. Tests can use its keys to sign tokens that it would not issue.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export const AUDIENCE = 'waybill'
const ALGORITHM = 'RS256'

/** The claims of a token. A claim that is undefined is omitted. */
export type Claims = Readonly<Record<string, unknown>>

interface Key {
  readonly kid: string
  readonly publicKey: JWK
  readonly privateKey: JWK
}

export interface IdentityProvider {
  readonly issuer: string
  /** The proxy in front of the provider. */
  readonly line: TcpProxy
  /** The current signing key. */
  key(): Key
  /** An access token that the provider issues, with the grant client_credentials. */
  grant(client: string): Promise<string>
  /** Signs a token with the claims of a valid one, changed by `claims`. A claim that is undefined is omitted. */
  sign(claims?: Claims, header?: Claims, key?: Key): Promise<string>
  /** Replaces the keys. The old ones are removed at once. */
  rotate(): Promise<void>
  stop(): Promise<void>
}

export async function createKey(kid: string): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { extractable: true })
  const about = { kid, alg: ALGORITHM, use: 'sig' }
  return {
    kid,
    publicKey: { ...(await exportJWK(publicKey)), ...about },
    privateKey: { ...(await exportJWK(privateKey)), ...about },
  }
}

/** @param roles the roles of each client, which its tokens contain in `realm_access.roles`, as those of Keycloak */
export async function startIdentityProvider(
  roles: Readonly<Record<string, readonly string[]>>,
): Promise<IdentityProvider> {
  let answer: RequestListener = (_request, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const line = await startTcpProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const issuer = `http://127.0.0.1:${line.port}`

  let generation = 0
  let key: Key
  const rotate = async () => {
    generation += 1
    key = await createKey(`key-${generation}`)
    answer = createProvider(issuer, key, roles).callback()
  }
  await rotate()

  return {
    issuer,
    line,
    rotate,
    key: () => key,
    async grant(client) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${client}:${secretOf(client)}`)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: `urn:${AUDIENCE}`, scope: 'export' }),
      })
      const { access_token } = (await response.json()) as { access_token?: string }
      if (access_token === undefined) throw new Error(`the provider issued no token: ${response.status}`)
      return access_token
    },
    sign(claims = {}, header = {}, { kid, privateKey } = key) {
      const now = Math.floor(Date.now() / 1000)
      const good = { iss: issuer, aud: AUDIENCE, sub: 'subject', iat: now, exp: now + 300 }
      const admin = { realm_access: { roles: ['AdministratorGAME'] } }
      return new SignJWT({ ...good, ...admin, ...claims })
        .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'at+jwt', ...header })
        .sign(privateKey)
    },
    async stop() {
      await line.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

function createProvider(issuer: string, key: Key, roles: Readonly<Record<string, readonly string[]>>): Provider {
  return new Provider(issuer, {
    jwks: { keys: [key.privateKey] },
    clients: Object.keys(roles).map((client) => ({
      client_id: client,
      client_secret: secretOf(client),
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    })),
    extraTokenClaims: (_context, token) => ({
      realm_access: { roles: 'clientId' in token ? (roles[String(token.clientId)] ?? []) : [] },
    }),
    ttl: { ClientCredentials: 300 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'export',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: ALGORITHM } },
        }),
      },
    },
  })
}

function secretOf(client: string): string {
  return `secret-of-${client}-0123456789`
}
