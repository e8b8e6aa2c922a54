// The databases that datasets are read from.
import type { Reader } from '../database/client.ts'

/** The clients by the `database` of a dataset. */
export type Readers = Readonly<Record<'source' | 'ledger', Reader>>
