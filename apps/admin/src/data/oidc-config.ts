// Whether one can sign in with OpenID Connect, and where.

export interface OidcConfig {
  readonly issuer: string
  readonly clientId: string
  readonly scopes: string | readonly string[]
}

/** Null: signing in is by API key only. */
export async function readOidcConfig(): Promise<OidcConfig | null> {
  const response = await fetch('/auth/config.json', { cache: 'no-store' })
  if (!response.ok) return null
  return ((await response.json()) as { oidc: OidcConfig | null }).oidc
}

/** The page that the provider sends the reader back to; registered there. */
export const CALLBACK_PATH = '/auth/callback'
