// Renews the token of the session, which expires with OIDC.
import { endSession, sessionStore } from './session.ts'

/** After a 401 for the session's token: gets a new token, or ends the session. */
export async function renewToken(): Promise<void> {
  const { session } = sessionStore.get()
  if (session === undefined) return
  if (!(await isRenewed(session.refreshToken))) endSession('expired')
}

async function isRenewed(refreshToken: string | undefined): Promise<boolean> {
  if (refreshToken === undefined) return false
  // Loaded when it is needed: most sessions use an API key.
  const { renewSession } = await import('./oidc.ts')
  return renewSession(refreshToken)
}
