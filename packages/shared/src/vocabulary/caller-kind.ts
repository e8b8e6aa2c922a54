// The kinds of callers: a name is only a label, so lists show beside it where it comes from.

/** `api-key`: shown by the first characters of its key. `oidc`: its name is from a token of the identity provider. */
export const CALLER_KINDS = ['api-key', 'oidc'] as const
export type CallerKind = (typeof CALLER_KINDS)[number]

/** `waybill`: a worker, the settings, or the command line of the operator. */
export const ACTOR_KINDS = [...CALLER_KINDS, 'waybill'] as const
export type ActorKind = (typeof ACTOR_KINDS)[number]

/** The beginning of the ids of OIDC callers. */
export const OIDC_ID_PREFIX = 'oidc:'

/** @param id the permanent id of a caller */
export function callerKind(id: string): CallerKind {
  return id.startsWith(OIDC_ID_PREFIX) ? 'oidc' : 'api-key'
}

/** @param id null: no caller */
export function actorKind(id: string | null): ActorKind {
  return id === null ? 'waybill' : callerKind(id)
}
