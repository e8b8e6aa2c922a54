// What the reconciler does to exports: revives the lost, and keeps account of what is to be removed.
import { Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { Upload } from '../generated/prisma/client.ts'
import { ERRORS } from '../vocabulary/errors.ts'
import { BACK_TO_QUEUE, type LedgerContext, move } from './transition.ts'

export type UploadRow = Upload

/** An export whose worker was lost this often kills it every time, and ends (faults.md, 10). */
const MAX_LOST = 3

/**
 * Milliseconds from one sweep of what an attempt wrote to the next. A request that was given up may reach the storage
 * seconds later: it goes with the second. An attempt that stood still has ended by the third.
 */
const NEXT_SWEEP_AFTER = [15_000, 600_000] as const

export function createUpkeepLedger(context: LedgerContext) {
  const { db } = context
  return {
    /**
     * Takes the exports whose worker has not been heard of for `lostAfter` milliseconds from their attempt: back
     * to the queue, or to their end when it is the third time.
     *
     * @param exportId only this one
     * @returns the ids of those that are queued again
     */
    async reviveLost(lostAfter: number, by: string, exportId?: string): Promise<string[]> {
      const lost = Prisma.sql`status = 'running' AND heartbeat_at < now() - ${interval(lostAfter)}
        AND ${exportId === undefined ? Prisma.sql`true` : Prisma.sql`id = ${exportId}::uuid`}`
      const { title, advice } = ERRORS.WORKER_LOST
      await move(
        context,
        Prisma.sql`${lost} AND lost >= ${MAX_LOST - 1}`,
        Prisma.sql`status = 'failed', finished_at = now(), attempt_token = NULL, lost = lost + 1,
          error_code = 'WORKER_LOST', error_message = ${`${title}, ${MAX_LOST} times. ${advice}`}`,
        { type: 'export.failed', actor: by, data: { code: 'WORKER_LOST' } },
      )
      // The count is asked for again: an export found lost only now, between the two, must not get a start too many.
      const another = Prisma.sql`${lost} AND lost < ${MAX_LOST - 1}`
      return move(context, another, Prisma.sql`${BACK_TO_QUEUE}, lost = lost + 1`, {
        type: 'export.retrying',
        actor: by,
        data: { code: 'WORKER_LOST' },
      })
    },

    /** What attempts that are over have left behind, and is due to be removed; in random order as {@link listExpired}. */
    listLeftovers(limit: number): Promise<UploadRow[]> {
      return db.$queryRaw<UploadRow[]>`
        SELECT u.token, u.export_id AS "exportId", u.key, u.upload_id AS "uploadId", u.created_at AS "createdAt",
          u.sweeps, u.swept_at AS "sweptAt"
        FROM waybill.uploads u JOIN waybill.exports e ON e.id = u.export_id
        WHERE e.attempt_token IS DISTINCT FROM u.token
          AND (u.swept_at IS NULL OR u.swept_at < now() - CASE u.sweeps
            WHEN 1 THEN ${interval(NEXT_SWEEP_AFTER[0])} ELSE ${interval(NEXT_SWEEP_AFTER[1])} END)
        ORDER BY random() LIMIT ${limit}`
    },

    /** The objects and the upload are removed: once more later, or for good. */
    async recordSweep({ token, sweeps }: UploadRow): Promise<void> {
      if (sweeps >= NEXT_SWEEP_AFTER.length) await db.upload.deleteMany({ where: { token } })
      else
        await db.$executeRaw`UPDATE waybill.uploads SET swept_at = now(), sweeps = sweeps + 1 WHERE token = ${token}::uuid`
    },

    /** The file of an expired export is gone from the storage. */
    async forgetArtifact(id: string): Promise<void> {
      await db.export.updateMany({ where: { id, status: 'expired' }, data: { artifactKey: null } })
    },
  }
}
