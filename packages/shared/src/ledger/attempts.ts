// The writes of an attempt. Each write names the token of its attempt, so a late attempt changes nothing.
import { Prisma } from '../database/client.ts'
import { interval } from '../database/sql.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'
import type { Warning } from '../vocabulary/export.ts'
import { announce } from '../webhooks/announcement.ts'
import { decodeExport, type ExportRow } from './export-row.ts'
import {
  type Attempt,
  BACK_TO_QUEUE,
  insertEvent,
  type LedgerContext,
  move,
  owned,
  type TransitionEvent,
} from './transition.ts'

export interface Artifact {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly rowCount: number
  readonly truncated: boolean
  readonly warnings: readonly Warning[]
  readonly snapshotAt: Date
}

export function createAttemptLedger(context: LedgerContext) {
  const { db } = context
  return {
    /** Starts an attempt. Undefined: the export is not queued. */
    async claim(attempt: Attempt): Promise<ExportRow | undefined> {
      const moved = await move(
        context,
        Prisma.sql`id = ${attempt.exportId}::uuid AND status = 'queued'`,
        Prisma.sql`status = 'running', attempts = attempts + 1, attempt_token = ${attempt.token}::uuid,
          heartbeat_at = now(), started_at = coalesce(started_at, now()), rows = 0, bytes = 0`,
        { type: 'export.started', actor: attempt.worker },
      )
      if (moved.length === 0) return undefined
      return decodeExport(await db.export.findUniqueOrThrow({ where: { id: attempt.exportId } }))
    },

    /** Records that the attempt is alive, and its progress. False: it no longer owns the export and must stop. */
    async heartbeat(attempt: Attempt, progress: { rows: number; bytes: number }): Promise<boolean> {
      const count = await db.$executeRaw`UPDATE waybill.exports
        SET heartbeat_at = now(), rows = ${progress.rows}::bigint, bytes = ${progress.bytes}::bigint
        WHERE ${owned(attempt)}`
      return count === 1
    },

    /** Records an upload before it begins, and its id once there is one. False: the attempt no longer owns the export. */
    async recordUpload(
      attempt: Attempt,
      upload: { key: string; estimatedRows: number; uploadId?: string },
    ): Promise<boolean> {
      const count = await db.$executeRaw`
        WITH mine AS (
          UPDATE waybill.exports SET estimated_rows = ${upload.estimatedRows}::bigint WHERE ${owned(attempt)} RETURNING id
        )
        INSERT INTO waybill.uploads (token, export_id, key, upload_id)
        SELECT ${attempt.token}::uuid, id, ${upload.key}, ${upload.uploadId ?? null} FROM mine
        ON CONFLICT (token) DO UPDATE SET upload_id = excluded.upload_id`
      return count === 1
    },

    /** The objects of the attempt are removed. The reconciler removes them again: an abandoned request may arrive late. */
    async recordRemoval(attempt: Attempt): Promise<void> {
      await db.$executeRaw`UPDATE waybill.uploads SET swept_at = now(), sweeps = 1 WHERE token = ${attempt.token}::uuid`
    },

    /**
     * Publishes the artifact. False: another attempt owns the export, or it has ended, and this artifact must be
     * removed. May be repeated when the response was lost.
     */
    async complete(attempt: Attempt, artifact: Artifact, ttl: number): Promise<boolean> {
      const { key, rowCount, bytes, sha256, truncated, warnings, snapshotAt } = artifact
      const data = { rowCount, bytes, sha256 }
      const event: TransitionEvent = { type: 'export.completed', actor: attempt.worker, data }
      const published = await db.$queryRaw<unknown[]>`
        WITH moved AS (
          UPDATE waybill.exports SET status = 'completed', finished_at = now(), attempt_token = NULL,
            expires_at = now() + ${interval(ttl)}, artifact_key = ${key}, rows = ${rowCount}::bigint,
            row_count = ${rowCount}::bigint, bytes = ${bytes}::bigint, sha256 = ${sha256}, truncated = ${truncated},
            warnings = ${JSON.stringify(warnings)}::jsonb, snapshot_at = ${snapshotAt.toISOString()}::timestamptz
          WHERE ${owned(attempt)} RETURNING *
        ), recorded AS (${insertEvent(event)}) ${announce(event.type)}, removed AS (
          DELETE FROM waybill.uploads WHERE token = ${attempt.token}::uuid AND EXISTS (SELECT FROM moved)
        )
        SELECT id FROM moved`
      let isPublished = published.length === 1
      if (!isPublished) {
        const row = await db.export.findUnique({ where: { id: attempt.exportId }, select: { artifactKey: true } })
        isPublished = row?.artifactKey === key
      }
      if (isPublished) context.onDeliveries([attempt.exportId])
      return isPublished
    },

    /** Ends the export. False: the attempt no longer owns it. */
    async fail(attempt: Attempt, code: ErrorCode, message: string): Promise<boolean> {
      const moved = await move(
        context,
        owned(attempt),
        Prisma.sql`status = 'failed', finished_at = now(), attempt_token = NULL,
          error_code = ${code}, error_message = ${message}`,
        { type: 'export.failed', actor: attempt.worker, data: { code, message } },
      )
      return moved.length === 1
    },

    /** Queues the export for another attempt after an error. False: the attempt no longer owns it. */
    async requeue(attempt: Attempt, code: ErrorCode): Promise<boolean> {
      const event: TransitionEvent = { type: 'export.retrying', actor: attempt.worker, data: { code } }
      return (await move(context, owned(attempt), BACK_TO_QUEUE, event)).length === 1
    },

    /** Queues the export again because the worker shuts down: the attempt does not count. */
    async release(attempt: Attempt): Promise<boolean> {
      const moved = await move(context, owned(attempt), Prisma.sql`${BACK_TO_QUEUE}, attempts = attempts - 1`, {
        type: 'export.released',
        actor: attempt.worker,
        attempt: Prisma.sql`attempts + 1`,
      })
      return moved.length === 1
    },
  }
}
