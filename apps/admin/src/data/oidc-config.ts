// Whether sign-in with OpenID Connect is available, and its provider.

export interface OidcConfig {
  readonly issuer: string
  readonly clientId: string
  readonly scopes: string | readonly string[]
}

/** Null: only API keys can sign in. */
export async function readOidcConfig(): Promise<OidcConfig | null> {
  const response = await fetch('/auth/config.json', { cache: 'no-store' })
  if (!response.ok) return null
  return ((await response.json()) as { oidc: OidcConfig | null }).oidc
}

/** The redirect URI that is registered at the provider. */
export const CALLBACK_PATH = '/auth/callback'
