// Whether the service can be reached: set after every request, shown by the banner.
import type { WaybillError } from '@waybill/client'
import { isTemporary } from './problem.ts'
import { createStore } from './store.ts'

/** `lost`: there is no answer. `away`: the service answers that its database is unavailable. */
export type Connection = 'ok' | 'lost' | 'away'

export const connection = createStore<Connection>('ok')

/** @param error of one request; undefined: the service answered */
export function reportAttempt(error: WaybillError | undefined): void {
  if (error?.code === 'NETWORK') connection.set('lost')
  else connection.set(error !== undefined && isTemporary(error) && error.status !== 429 ? 'away' : 'ok')
}
