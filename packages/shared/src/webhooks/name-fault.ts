// Why the host name of a webhook could not be called, as deliveries record it, and what callers who are no admin read.

/** The errors that deliveries of earlier versions hold, too. */
const REFUSED = 'the name leads to an address that is not allowed'
const UNKNOWN = 'the name cannot be looked up'

/** What exporters read for both: otherwise they could find out which names exist in the network of the worker. */
export const NAME_NOT_CALLABLE = 'the name does not lead to an address that webhooks may call'

/** For an attempt whose name leads to an address that is not allowed. */
export function refusedName(): string {
  return REFUSED
}

/** For an attempt whose name could not be looked up. @param code of the error, such as ENOTFOUND */
export function unknownName(code: string): string {
  return `${UNKNOWN} (${code})`
}

/** Whether an attempt failed before the connection, because of its host name. */
export function isNameFault(error: string | null): boolean {
  return error !== null && (error === REFUSED || error.startsWith(UNKNOWN))
}
