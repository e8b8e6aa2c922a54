// The list of workers: each says that it is there, so that an operator sees how many there are.
import type { Database } from '../database/client.ts'
import type { Worker } from '../generated/prisma/client.ts'

export type WorkerRow = Worker

/** Milliseconds between two signs of life. */
export const REGISTRATION_INTERVAL_MS = 5_000

/** A worker that said nothing for so long is shown as silent: it was killed, or cannot reach the database. */
export const SILENT_AFTER = '20 seconds'

/** One that is silent for so long will not come back under this id, and is forgotten. */
const FORGET_AFTER = '1 hour'

export interface WorkerSign {
  readonly id: string
  readonly name: string
  readonly concurrency: number
  readonly running: number
}

/** Says that this worker is there; forgets those that have long been silent. */
export async function recordWorker(db: Database, { id, name, concurrency, running }: WorkerSign): Promise<void> {
  await db.$executeRaw`
    WITH gone AS (DELETE FROM waybill.workers WHERE seen_at < now() - ${FORGET_AFTER}::interval AND id <> ${id}::uuid)
    INSERT INTO waybill.workers (id, name, concurrency, running)
    VALUES (${id}::uuid, ${name}, ${concurrency}::int, ${running}::int)
    ON CONFLICT (id) DO UPDATE SET running = excluded.running, seen_at = now()`
}

/** This worker has stopped in order. */
export async function removeWorker(db: Database, id: string): Promise<void> {
  await db.worker.deleteMany({ where: { id } })
}

/** The longest at work first. By the database's clock, which all workers share. */
export function listWorkers(db: Database): Promise<(WorkerRow & { isSilent: boolean })[]> {
  return db.$queryRaw<(WorkerRow & { isSilent: boolean })[]>`
    SELECT id, name, concurrency, running, started_at AS "startedAt", seen_at AS "seenAt",
      seen_at < now() - ${SILENT_AFTER}::interval AS "isSilent"
    FROM waybill.workers ORDER BY started_at, id`
}
