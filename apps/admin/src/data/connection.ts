// Whether the service can be reached: told by every request, shown by the banner.
import { createStore } from './store.ts'

/** `lost`: nothing answers. `away`: the service answers that its database does not. */
export type Connection = 'ok' | 'lost' | 'away'

export const connection = createStore<Connection>('ok')
