// What queued exports wait for while no worker can reach the storage or the source.
import { singleFlight } from '@waybill/shared/async/single-flight.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import { readSharedOutage } from '@waybill/shared/ledger/workers.ts'
import type { Outage } from '@waybill/shared/vocabulary/errors.ts'

export type SharedOutage = (rows: readonly Pick<ExportRow, 'status'>[]) => Promise<Outage | undefined>

const CACHE_MS = 1_000

/** The returned function asks the database only if one of the exports is queued. */
export function createSharedOutage(db: Database): SharedOutage {
  const read = singleFlight(CACHE_MS, () => readSharedOutage(db))
  return async (rows) => (rows.some(({ status }) => status === 'queued') ? read() : undefined)
}
