// The ledger: the only writer of export rows, of the events of their transitions, and of the records of uploads.
import type { Database } from '../database/client.ts'
import { createFlush } from '../database/flush.ts'
import { createAttemptLedger } from './attempts.ts'
import { createRequestLedger } from './requests.ts'
import type { LedgerContext } from './transition.ts'
import { createUpkeepLedger } from './upkeep.ts'

export type { Actor } from '../audit/record.ts'
export type { Artifact, Progress } from './attempts.ts'
export type { Created, NewExport } from './requests.ts'
export type { Attempt } from './transition.ts'
export type { UploadRow } from './upkeep.ts'

export type Ledger = ReturnType<typeof createLedger>

/** @param onDeliveries enqueues the deliveries that a transition has written; without it, the reconciler does */
export function createLedger(db: Database, onDeliveries: LedgerContext['onDeliveries'] = () => undefined) {
  const context = { db, onDeliveries, flush: createFlush(db) }
  return { ...createRequestLedger(context), ...createAttemptLedger(context), ...createUpkeepLedger(context) }
}
