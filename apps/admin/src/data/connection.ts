// Whether the service can be reached: set after every request, shown by the banner.
import type { WaybillError } from '@waybill/client'
import { isTemporary } from './problem.ts'
import { createStore } from './store.ts'

/** `lost`: there was no response. `unavailable`: the response was a temporary error, for example of the database. */
export type Connection = 'ok' | 'lost' | 'unavailable'

export const connection = createStore<Connection>('ok')

/** @param error of one request; undefined: the service answered */
export function reportAttempt(error: WaybillError | undefined): void {
  if (error?.code === 'NETWORK') connection.set('lost')
  else connection.set(error !== undefined && isTemporary(error) && error.status !== 429 ? 'unavailable' : 'ok')
}
