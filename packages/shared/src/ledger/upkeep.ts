// The writes of the reconciler: queues lost exports again, and tracks which objects are to be removed.
import { Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { Upload } from '../generated/prisma/client.ts'
import { ERRORS } from '../vocabulary/errors.ts'
import { BACK_TO_QUEUE, type LedgerContext, move } from './transition.ts'

export type UploadRow = Upload

/** An export whose worker was lost this often probably kills it each time, so it fails. */
const MAX_LOST = 3

/**
 * The delays between the removals of the objects of one attempt. An abandoned request may reach the storage seconds later:
 * the second removal covers it. An attempt whose process stood still has ended by the third.
 */
const NEXT_SWEEP_DELAYS_MS = [15_000, 600_000] as const

export function createUpkeepLedger(context: LedgerContext) {
  const { db } = context
  return {
    /**
     * Takes exports without a heartbeat for `lostAfter` milliseconds from their attempt. They are queued again, or fail
     * when it is the third time.
     *
     * @param exportId only this export
     * @returns the ids of the exports that are queued again
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
      // The condition repeats the count: an export found lost between the two statements must not get an extra attempt.
      const another = Prisma.sql`${lost} AND lost < ${MAX_LOST - 1}`
      return move(context, another, Prisma.sql`${BACK_TO_QUEUE}, lost = lost + 1`, {
        type: 'export.retrying',
        actor: by,
        data: { code: 'WORKER_LOST' },
      })
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
