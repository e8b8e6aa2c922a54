// The signed-in caller. The token is kept in sessionStorage, which ends with the tab.
import { createStore } from './store.ts'

export interface Session {
  /** An API key, or an OIDC access token. */
  readonly token: string
  /** Only with OIDC, and only if the provider issues one. */
  readonly refreshToken?: string
}

/** Why there is no session. */
export type SignedOut = 'never' | 'left' | 'expired'

export interface SessionState {
  readonly session: Session | undefined
  readonly signedOut: SignedOut
}

const KEY = 'waybill.session'

export const sessionStore = createStore<SessionState>({ session: read(), signedOut: 'never' })

export function startSession(session: Session): void {
  sessionStorage.setItem(KEY, JSON.stringify(session))
  sessionStore.set({ session, signedOut: 'never' })
}

export function endSession(signedOut: SignedOut): void {
  sessionStorage.removeItem(KEY)
  sessionStore.set({ session: undefined, signedOut })
}

function read(): Session | undefined {
  const text = sessionStorage.getItem(KEY)
  return text === null ? undefined : (JSON.parse(text) as Session)
}
