// The ledger: the only writer of export rows, of their trail and of the notes on uploads.
import type { Database } from './database.ts'
import { createAttemptLedger } from './ledger-attempts.ts'
import { createRequestLedger } from './ledger-requests.ts'
import { createUpkeepLedger } from './ledger-upkeep.ts'

export type { Actor } from './audit.ts'
export type { Artifact } from './ledger-attempts.ts'
export type { Created, ExportRow, Lane, NewExport } from './ledger-requests.ts'
export type { Attempt } from './ledger-transition.ts'
export type { UploadRow } from './ledger-upkeep.ts'

export type Ledger = ReturnType<typeof createLedger>

export function createLedger(db: Database) {
  return { ...createRequestLedger(db), ...createAttemptLedger(db), ...createUpkeepLedger(db) }
}
