// The writes of an attempt. Each write names the token of its attempt, so a late attempt changes nothing.
import { REQUIRE_EVENTS } from '../audit/record.ts'
import { Prisma } from '../database/client.ts'
import { FLUSH_LATER } from '../database/flush.ts'
import { interval } from '../database/sql.ts'
import type { ErrorCode, Outage } from '../vocabulary/errors.ts'
import type { Warning } from '../vocabulary/export.ts'
import { announce } from '../webhooks/announcement.ts'
import { decodeExport, EXPORT_COLUMNS, type ExportColumns, type ExportRow } from './export-row.ts'
import {
  type Attempt,
  backToQueue,
  insertEvent,
  type LedgerContext,
  move,
  owned,
  type TransitionEvent,
  type Wait,
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

/** POSIX pattern. `connect` in wiring.ts makes such names, with an id of the process at the end. */
const UNIQUE_SESSION_NAME = '^.*@[0-9a-f]{12}$'

export interface Progress {
  readonly rows: number
  readonly bytes: number
  /** Rows that the planner of the source expects; absent: the estimate of the request stays. */
  readonly estimatedRows?: number
}

export function createAttemptLedger(context: LedgerContext) {
  const { db } = context
  return {
    /**
     * Starts an attempt. Undefined: the export is not queued. May be repeated when the response was lost.
     *
     * Records the name of the session, if it is unique to this process: when the server has no session of that name any
     * more, the process has ended.
     *
     * @param objectPrefix of the full key of the attempt's file. The key is recorded before anything is written there, so
     *   that the reconciler can remove what a lost attempt leaves
     */
    async claim(attempt: Attempt, objectPrefix?: string): Promise<ExportRow | undefined> {
      const uploading =
        objectPrefix === undefined
          ? Prisma.empty
          : Prisma.sql`, uploading AS (
              INSERT INTO waybill.uploads (token, export_id, key)
              SELECT attempt_token, id, ${objectPrefix} || filename FROM moved
            )`
      const event: TransitionEvent = { type: 'export.started', actor: attempt.worker }
      const [claimed] = await db.$queryRaw<ExportColumns[]>`
        WITH moved AS (
          UPDATE waybill.exports SET status = 'running', attempts = attempts + 1, attempt_token = ${attempt.token}::uuid,
            heartbeat_at = now(), started_at = coalesce(started_at, now()), rows = 0, bytes = 0,
            waiting_for = NULL, next_attempt_at = NULL,
            owner_session = substring(current_setting('application_name') from ${UNIQUE_SESSION_NAME}::text)
          WHERE id = ${attempt.exportId}::uuid AND status = 'queued' RETURNING *
        ), recorded AS (${insertEvent(event)}) ${uploading}
        SELECT ${EXPORT_COLUMNS} FROM moved`
      if (claimed !== undefined) return decodeExport(claimed)
      const row = await db.export.findUnique({ where: { id: attempt.exportId } })
      return row?.attemptToken === attempt.token ? decodeExport(row) : undefined
    },

    /** Records that the attempt is alive, and its progress. False: it no longer owns the export and must stop. */
    async heartbeat(attempt: Attempt, { rows, bytes, estimatedRows }: Progress): Promise<boolean> {
      const count = await db.$executeRaw`UPDATE waybill.exports
        SET heartbeat_at = now(), rows = ${rows}::bigint, bytes = ${bytes}::bigint,
          estimated_rows = coalesce(${estimatedRows ?? null}::bigint, estimated_rows)
        WHERE ${owned(attempt)}`
      return count === 1
    },

    /** Records the id of an upload before its first part is sent. False: the attempt no longer owns the export. */
    async recordUpload(attempt: Attempt, upload: { key: string; uploadId: string }): Promise<boolean> {
      const count = await db.$executeRaw`
        WITH mine AS (SELECT id FROM waybill.exports WHERE ${owned(attempt)} FOR UPDATE)
        INSERT INTO waybill.uploads (token, export_id, key, upload_id)
        SELECT ${attempt.token}::uuid, id, ${upload.key}, ${upload.uploadId} FROM mine
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
        SELECT id, ${REQUIRE_EVENTS}, ${FLUSH_LATER} FROM moved`
      let isPublished = published.length === 1
      if (!isPublished) {
        const row = await db.export.findUnique({ where: { id: attempt.exportId }, select: { artifactKey: true } })
        isPublished = row?.artifactKey === key
      }
      if (!isPublished) return false
      await context.flush()
      context.onDeliveries([attempt.exportId])
      return true
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
    async requeue(attempt: Attempt, code: ErrorCode, delayMs: number): Promise<boolean> {
      const event: TransitionEvent = { type: 'export.retrying', actor: attempt.worker, data: { code } }
      const wait: Wait = { waitingFor: 'retry', delayMs }
      return (await move(context, owned(attempt), backToQueue(wait), event)).length === 1
    },

    /**
     * Queues the export again because the worker shuts down, or could not reach the ledger: the attempt does not count.
     */
    async release(attempt: Attempt): Promise<boolean> {
      return await handBack(context, attempt, backToQueue(), {})
    },

    /** Queues the export again because a dependency was unavailable: it waits for it, and the attempt does not count. */
    async releaseForOutage(attempt: Attempt, code: ErrorCode, waitingFor: Outage, delayMs: number): Promise<boolean> {
      const set = Prisma.sql`${backToQueue({ waitingFor, delayMs })}, outages = outages + 1`
      return await handBack(context, attempt, set, { code, waitingFor })
    },
  }
}

/** Queued again; the attempt does not count. */
async function handBack(
  context: LedgerContext,
  attempt: Attempt,
  set: Prisma.Sql,
  data: NonNullable<TransitionEvent['data']>,
): Promise<boolean> {
  const event: TransitionEvent = {
    type: 'export.released',
    actor: attempt.worker,
    attempt: Prisma.sql`attempts + 1`,
    data,
  }
  return (await move(context, owned(attempt), Prisma.sql`${set}, attempts = attempts - 1`, event)).length === 1
}
