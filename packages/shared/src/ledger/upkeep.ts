// The writes of the reconciler: queues lost exports again, and tracks which objects are to be removed.
import { Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { Upload } from '../generated/prisma/client.ts'
import { ERRORS, type ErrorCode, OUTAGES, type Outage } from '../vocabulary/errors.ts'
import { backToQueue, type LedgerContext, move } from './transition.ts'

export type UploadRow = Upload

/** An export whose worker was lost this often probably kills it each time, so it fails. */
const MAX_LOST = 3

const MIN_LOST_AFTER_EXIT_MS = 3_000

/** Between the answer to one statement and the execution of the next, on a busy machine. */
const MAX_DELAY_MS = 5_000

/** For an export whose dependency was unavailable until its deadline. */
export function deadlineMessage(code: ErrorCode): string {
  const { title, advice } = ERRORS[code]
  return `${title}, and the time limit of the export is over (EXPORT_DEADLINE). ${advice}`
}

/**
 * The delays between the removals of the objects of one attempt. An abandoned request may reach the storage seconds later:
 * the second removal covers it. An attempt whose process stood still has ended by the third.
 */
const NEXT_SWEEP_DELAYS_MS = [15_000, 600_000] as const

export function createUpkeepLedger(context: LedgerContext) {
  const { db } = context
  return {
    /**
     * Takes exports from attempts whose worker is lost. They are queued again, or fail when it is the third time.
     *
     * A worker is lost without a heartbeat for `lostAfter` milliseconds. A third of that time, at least 3 s, is enough when
     * its process has also left no session on the server: the system closes the connections of a process that ends, not
     * those of one that is frozen or slow.
     *
     * A statement that the network has delayed does nothing: during the delay, no worker could record a heartbeat.
     *
     * @param exportId only this export
     * @returns the ids of the exports that are queued again
     */
    async reviveLost(lostAfter: number, by: string, exportId?: string): Promise<string[]> {
      const [clock] = await db.$queryRaw<[{ now: Date }]>`SELECT now()`
      const lostAfterExit = Math.min(lostAfter, Math.max(MIN_LOST_AFTER_EXIT_MS, lostAfter / 3))
      const lost = Prisma.sql`status = 'running' AND heartbeat_at < now() - ${interval(lostAfterExit)}
        AND (heartbeat_at < now() - ${interval(lostAfter)} OR owner_session IS NOT NULL AND NOT EXISTS (
          SELECT FROM pg_stat_activity s WHERE s.application_name = owner_session AND s.datname = current_database()))
        AND now() < ${clock.now}::timestamptz + ${interval(MAX_DELAY_MS)}
        AND ${exportId === undefined ? Prisma.sql`true` : Prisma.sql`id = ${exportId}::uuid`}`
      const { title, advice } = ERRORS.WORKER_LOST
      await move(
        context,
        Prisma.sql`${lost} AND lost >= ${MAX_LOST - 1}`,
        Prisma.sql`status = 'failed', finished_at = now(), attempt_token = NULL, lost = lost + 1,
          error_code = 'WORKER_LOST', error_message = ${`${title}, ${MAX_LOST} times. ${advice}`}`,
        { type: 'export.failed', actor: by, data: { code: 'WORKER_LOST' } },
      )
      // The condition repeats the count: an export found lost between the two statements must not get an extra attempt.
      const another = Prisma.sql`${lost} AND lost < ${MAX_LOST - 1}`
      return move(context, another, Prisma.sql`${backToQueue()}, lost = lost + 1`, {
        type: 'export.retrying',
        actor: by,
        data: { code: 'WORKER_LOST' },
      })
    },

    /**
     * The dependency is available again: the exports that wait for it may run at once.
     *
     * @returns whether there were any
     */
    async endWait(outage: Outage): Promise<boolean> {
      const count = await db.$executeRaw`UPDATE waybill.exports SET waiting_for = NULL, next_attempt_at = now()
        WHERE status = 'queued' AND waiting_for = ${outage}`
      return count > 0
    },

    /** The dependencies that exports wait for. */
    async listOutages(): Promise<Outage[]> {
      const rows = await db.$queryRaw<{ outage: Outage }[]>`SELECT DISTINCT waiting_for AS outage FROM waybill.exports
        WHERE status = 'queued' AND waiting_for IN (${Prisma.join(OUTAGES)})`
      return rows.map(({ outage }) => outage)
    },

    /** Fails exports that wait for a dependency, `deadline` milliseconds after they were requested. */
    async failOverdue(deadline: number, by: string): Promise<string[]> {
      const ids: string[] = []
      for (const outage of OUTAGES) {
        const code = outage === 'storage' ? 'STORAGE_UNAVAILABLE' : 'SOURCE_UNAVAILABLE'
        const message = deadlineMessage(code)
        const overdue = Prisma.sql`status = 'queued' AND waiting_for = ${outage}
          AND created_at < now() - ${interval(deadline)}`
        const set = Prisma.sql`status = 'failed', finished_at = now(), waiting_for = NULL, next_attempt_at = NULL, error_code = ${code}, error_message = ${message}`
        const event = { type: 'export.failed', actor: by, data: { code, message } } as const
        ids.push(...(await move(context, overdue, set, event)))
      }
      return ids
    },

    /** Uploads of ended attempts whose objects are due for removal; in random order, as for {@link listExpired}. */
    listLeftovers(limit: number): Promise<UploadRow[]> {
      return db.$queryRaw<UploadRow[]>`
        SELECT u.token, u.export_id AS "exportId", u.key, u.upload_id AS "uploadId", u.created_at AS "createdAt",
          u.sweeps, u.swept_at AS "sweptAt"
        FROM waybill.uploads u JOIN waybill.exports e ON e.id = u.export_id
        WHERE e.attempt_token IS DISTINCT FROM u.token
          AND (u.swept_at IS NULL OR u.swept_at < now() - CASE u.sweeps
            WHEN 1 THEN ${interval(NEXT_SWEEP_DELAYS_MS[0])} ELSE ${interval(NEXT_SWEEP_DELAYS_MS[1])} END)
        ORDER BY random() LIMIT ${limit}`
    },

    /** The objects and the upload are removed. They are removed again later, until the last time. */
    async recordSweep({ token, sweeps }: UploadRow): Promise<void> {
      if (sweeps >= NEXT_SWEEP_DELAYS_MS.length) await db.upload.deleteMany({ where: { token } })
      else
        await db.$executeRaw`UPDATE waybill.uploads SET swept_at = now(), sweeps = sweeps + 1 WHERE token = ${token}::uuid`
    },

    /** The file of an expired export is removed from the storage. */
    async forgetArtifact(id: string): Promise<void> {
      await db.export.updateMany({ where: { id, status: 'expired' }, data: { artifactKey: null } })
    },
  }
}
