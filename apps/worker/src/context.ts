// What the parts of the worker need from the composition root: connections, settings, and the name for the audit trail.
import type { Database } from '@waybill/shared/database/client.ts'
import type { Datasets } from '@waybill/shared/datasets/registry.ts'
import type { Ledger } from '@waybill/shared/ledger/ledger.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { DeliveryQueue } from '@waybill/shared/queue/deliveries.ts'
import type { ExportQueue } from '@waybill/shared/queue/exports.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import type { Readers } from '@waybill/shared/source/readers.ts'
import type { Storage } from '@waybill/shared/storage/storage.ts'
import type { Outages } from './outages/outages.ts'

/** What the composition root hands to the worker. */
export interface WorkerDeps {
  readonly config: Config
  readonly datasets: Datasets
  readonly db: Database
  readonly ledger: Ledger
  readonly readers: Readers
  readonly storage: Storage
  readonly queue: ExportQueue
  readonly deliveries: DeliveryQueue
  readonly log: Logger
}

interface WorkerContext extends WorkerDeps {
  readonly outages: Outages
  /** The actor of the worker's events in the audit trail. */
  readonly workerName: string
}

/** For one attempt at an export. */
export type ExportDeps = Omit<WorkerContext, 'queue' | 'deliveries'>

/** For the reconciler. */
export type ReconcilerDeps = Omit<WorkerContext, 'datasets' | 'readers'>

/** For the worker that delivers webhooks. */
export type DeliveryWorkerDeps = Pick<WorkerContext, 'config' | 'db' | 'deliveries' | 'log' | 'workerName'>
