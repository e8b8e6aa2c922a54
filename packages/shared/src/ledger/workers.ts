// The list of workers, in which each worker registers itself, so that operators see how many there are.
import type { Database } from '../database/client.ts'
import type { Worker } from '../generated/prisma/client.ts'
import { type Dependency, OUTAGES, type Outage } from '../vocabulary/errors.ts'

export type WorkerRow = Worker

/** A worker renews its registration this often. */
export const REGISTRATION_INTERVAL_MS = 5_000

/** A worker without a renewal for so long is shown as silent: it was killed, or cannot reach the database. */
export const SILENT_AFTER_MS = 20_000

/** The registration of a worker that is silent for so long is removed: the worker does not return under this id. */
const REMOVE_AFTER = '1 hour'

export interface WorkerRegistration {
  readonly id: string
  readonly name: string
  readonly concurrency: number
  readonly running: number
  /** Dependencies that it cannot reach: it starts no export. */
  readonly unavailable: readonly Dependency[]
}

/** Registers this worker or renews its registration, and removes expired registrations. */
export async function recordWorker(
  db: Database,
  { id, name, concurrency, running, unavailable }: WorkerRegistration,
): Promise<void> {
  await db.$executeRaw`
    WITH expired AS (DELETE FROM waybill.workers WHERE seen_at < now() - ${REMOVE_AFTER}::interval AND id <> ${id}::uuid)
    INSERT INTO waybill.workers (id, name, concurrency, running, unavailable)
    VALUES (${id}::uuid, ${name}, ${concurrency}::int, ${running}::int, ${[...unavailable]}::text[])
    ON CONFLICT (id) DO UPDATE SET running = excluded.running, unavailable = excluded.unavailable, seen_at = now()`
}

/** Removes the registration of a worker that has stopped. */
export async function removeWorker(db: Database, id: string): Promise<void> {
  await db.worker.deleteMany({ where: { id } })
}

/**
 * The storage or the source, if no worker can reach it: then all queued exports wait for it. Undefined: there is none, or
 * no worker is alive.
 */
export async function readSharedOutage(db: Database): Promise<Outage | undefined> {
  const [row] = await db.$queryRaw<[Record<Outage, boolean | null>]>`
    SELECT bool_and('storage' = ANY (unavailable)) AS storage, bool_and('source' = ANY (unavailable)) AS source
    FROM waybill.workers WHERE seen_at >= now() - ${SILENT_AFTER_MS}::int * interval '1 millisecond'`
  return OUTAGES.find((outage) => row[outage] === true)
}

/** Oldest registration first. Times are those of the database's clock, which all workers share. */
export function listWorkers(db: Database): Promise<(WorkerRow & { isSilent: boolean })[]> {
  return db.$queryRaw<(WorkerRow & { isSilent: boolean })[]>`
    SELECT id, name, concurrency, running, unavailable, started_at AS "startedAt", seen_at AS "seenAt",
      seen_at < now() - ${SILENT_AFTER_MS}::int * interval '1 millisecond' AS "isSilent"
    FROM waybill.workers ORDER BY started_at, id`
}
