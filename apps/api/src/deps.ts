// What the HTTP application needs from the composition root: connections, settings and the state of the process.
import type { Counters } from '@waybill/shared/access/rate-counters.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import type { Datasets } from '@waybill/shared/datasets/registry.ts'
import type { Ledger } from '@waybill/shared/ledger/ledger.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { DeliveryQueue } from '@waybill/shared/queue/deliveries.ts'
import type { ExportQueue } from '@waybill/shared/queue/exports.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import type { Readers } from '@waybill/shared/source/readers.ts'
import type { Storage } from '@waybill/shared/storage/storage.ts'
import type { Registry } from 'prom-client'
import type { RefusalRecorder } from './auth/refusals.ts'

export interface ServerDeps {
  readonly config: Config
  readonly datasets: Datasets
  readonly db: Database
  readonly ledger: Ledger
  readonly readers: Readers
  readonly storage: Storage
  readonly queue: ExportQueue
  readonly counters: Counters
  readonly deliveries: DeliveryQueue
  readonly log: Logger
  /** True while start-up work that callers depend on is not done: `/readyz` answers 503. */
  readonly isStarting?: () => boolean
  /** Aborted when shutdown begins: `/readyz` answers 503 from then on. */
  readonly stopping?: AbortSignal
  /** Owned by the composition root, which flushes the remaining counts at shutdown. */
  readonly refusals?: RefusalRecorder
  /** Holds the metrics of the process; the metrics of the service are added to it. */
  readonly registry?: Registry
}
