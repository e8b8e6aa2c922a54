// The databases that datasets are read from.
import type { Reader } from '../database/client.ts'

/** By the `database` of a dataset. */
export type Readers = Readonly<Record<'source' | 'ledger', Reader>>
