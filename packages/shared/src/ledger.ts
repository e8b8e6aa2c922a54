// The only writer of export rows and of their trail: each transition is one statement, conditional and with its event.
import { type Database, Prisma } from './database.ts'
import { databaseFailure } from './database-failure.ts'
import { ERRORS, type ErrorCode, WaybillError } from './errors.ts'
import type { Compression, CsvOptions, FormatName, Warning } from './export.ts'
import type { Export } from './generated/prisma/client.ts'

export type ExportRow = Export

/** Who acts. `id` never changes, `name` is what people and the trail see. */
export interface Actor {
  readonly id: string
  readonly name: string
}

export interface NewExport {
  readonly dataset: string
  readonly format: FormatName
  readonly filters: Readonly<Record<string, unknown>>
  readonly columns: readonly string[]
  readonly limit: number | undefined
  readonly compression: Compression
  readonly csv: CsvOptions
  readonly webhookUrl: string | undefined
  readonly contentType: string
  /** With the extension; the name is made of the dataset and the time. */
  readonly extension: string
  /** The caller's Idempotency-Key, and the hash of what it stood for. */
  readonly idempotency: { readonly key: string; readonly hash: string } | undefined
}

/** One execution by a worker. Its token is in the condition of every write it makes. */
export interface Attempt {
  readonly exportId: string
  readonly token: string
  /** Who runs it, for the trail. */
  readonly worker: string
}

export interface Claim {
  readonly row: ExportRow
  /** What the attempt before left open, if it died: its object and its multipart upload. */
  readonly abandoned: { readonly key: string; readonly uploadId: string | null } | undefined
}

export interface Artifact {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  readonly rowCount: number
  readonly truncated: boolean
  readonly warnings: readonly Warning[]
  readonly snapshotAt: Date
}

/** Repeats of a POST are recognised for this long (api.md). */
const IDEMPOTENCY_WINDOW = '24 hours'

export type Ledger = ReturnType<typeof createLedger>

export function createLedger(db: Database) {
  return {
    /**
     * Writes the row and its first event. A repeat under the same idempotency key gives the first row.
     *
     * @throws WaybillError IDEMPOTENCY_KEY_REUSED, DATABASE_UNAVAILABLE
     */
    async create(request: NewExport, requester: Actor): Promise<{ row: ExportRow; created: boolean }> {
      const { idempotency, extension, limit, webhookUrl, ...rest } = request
      if (idempotency !== undefined) {
        await db.$executeRaw`UPDATE waybill.exports SET idempotency_key = NULL
          WHERE requester_id = ${requester.id} AND idempotency_key = ${idempotency.key}
            AND created_at < now() - ${IDEMPOTENCY_WINDOW}::interval`
      }
      const createdAt = new Date()
      try {
        const row = await db.export.create({
          data: {
            ...rest,
            filters: request.filters as Prisma.InputJsonObject,
            columns: [...request.columns],
            csv: { ...request.csv },
            limit: limit ?? null,
            webhookUrl: webhookUrl ?? null,
            filename: `${request.dataset}_${compactTime(createdAt)}.${extension}`,
            requesterId: requester.id,
            requestedBy: requester.name,
            idempotencyKey: idempotency?.key ?? null,
            idempotencyHash: idempotency?.hash ?? null,
            createdAt,
            events: { create: { type: 'export.requested', actor: requester.name, data: requestedData(request) } },
          },
        })
        return { row, created: true }
      } catch (error) {
        if (idempotency === undefined || databaseFailure(error).kind !== 'duplicate') throw error
        const row = await db.export.findFirstOrThrow({
          where: { requesterId: requester.id, idempotencyKey: idempotency.key },
        })
        if (row.idempotencyHash !== idempotency.hash) throw new WaybillError('IDEMPOTENCY_KEY_REUSED')
        return { row, created: false }
      }
    },

    /**
     * Starts an attempt: on a queued export, or on a running one whose worker has not been heard of for
     * `lostAfter` milliseconds. Undefined when the export is neither.
     */
    async claim(attempt: Attempt, lostAfter: number): Promise<Claim | undefined> {
      const claimed = await db.$queryRaw<{ upload_key: string | null; upload_id: string | null }[]>`
        WITH before AS (
          SELECT id, upload_key, upload_id FROM waybill.exports
          WHERE id = ${attempt.exportId}::uuid AND (status = 'queued'
            OR (status = 'running' AND heartbeat_at < now() - make_interval(secs => ${lostAfter / 1000}::float8)))
          FOR UPDATE
        ), moved AS (
          UPDATE waybill.exports e SET status = 'running', attempts = attempts + 1,
            attempt_token = ${attempt.token}::uuid, heartbeat_at = now(), started_at = coalesce(started_at, now()),
            upload_key = NULL, upload_id = NULL, rows = 0, bytes = 0, error_code = NULL, error_message = NULL
          FROM before WHERE e.id = before.id
          RETURNING e.id, e.attempts, before.upload_key, before.upload_id
        ), told AS (${insertEvent('export.started', attempt.worker)})
        SELECT upload_key, upload_id FROM moved`
      if (claimed[0] === undefined) return undefined
      const { upload_key: key, upload_id: uploadId } = claimed[0]
      const row = await db.export.findUniqueOrThrow({ where: { id: attempt.exportId } })
      return { row, abandoned: key === null ? undefined : { key, uploadId } }
    },

    /** Says that the attempt is alive and how far it is. False: it is not the owner any more and must stop. */
    async heartbeat(attempt: Attempt, progress: { rows: number; bytes: number }): Promise<boolean> {
      const count = await db.$executeRaw`UPDATE waybill.exports
        SET heartbeat_at = now(), rows = ${progress.rows}::bigint, bytes = ${progress.bytes}::bigint
        WHERE ${owned(attempt)}`
      return count === 1
    },

    /** Notes what the planner expects, and where the file is being written. False: not the owner any more. */
    async recordUpload(
      attempt: Attempt,
      upload: { key: string; estimatedRows: number; uploadId?: string },
    ): Promise<boolean> {
      const count = await db.$executeRaw`UPDATE waybill.exports
        SET upload_key = ${upload.key}, upload_id = ${upload.uploadId ?? null},
          estimated_rows = ${upload.estimatedRows}::bigint
        WHERE ${owned(attempt)}`
      return count === 1
    },

    /** Publishes the artifact. False: another attempt owns the export, and this artifact must be removed. */
    async complete(attempt: Attempt, artifact: Artifact, ttl: number): Promise<boolean> {
      const warnings = JSON.stringify(artifact.warnings)
      const done = await move(
        db,
        owned(attempt),
        Prisma.sql`status = 'completed', finished_at = now(), attempt_token = NULL, upload_key = NULL, upload_id = NULL,
          expires_at = now() + make_interval(secs => ${ttl / 1000}::float8), artifact_key = ${artifact.key},
          rows = ${artifact.rowCount}::bigint, row_count = ${artifact.rowCount}::bigint,
          bytes = ${artifact.bytes}::bigint, sha256 = ${artifact.sha256}, truncated = ${artifact.truncated},
          warnings = ${warnings}::jsonb, snapshot_at = ${artifact.snapshotAt.toISOString()}::timestamptz`,
        insertEvent('export.completed', attempt.worker, {
          rowCount: artifact.rowCount,
          bytes: artifact.bytes,
          sha256: artifact.sha256,
        }),
      )
      if (done) return true
      // The connection may have broken after an earlier try had been committed.
      const row = await db.export.findUnique({ where: { id: attempt.exportId }, select: { artifactKey: true } })
      return row?.artifactKey === artifact.key
    },

    /** Ends the export. False: not the owner any more. */
    fail(attempt: Attempt, code: ErrorCode, message: string): Promise<boolean> {
      return move(
        db,
        owned(attempt),
        Prisma.sql`status = 'failed', finished_at = now(), attempt_token = NULL,
          error_code = ${code}, error_message = ${message}`,
        insertEvent('export.failed', attempt.worker, { code, message }),
      )
    },

    /** Hands the export back for another attempt after an error. False: not the owner any more. */
    requeue(attempt: Attempt, code: ErrorCode): Promise<boolean> {
      return move(
        db,
        owned(attempt),
        Prisma.sql`status = 'queued', attempt_token = NULL, heartbeat_at = NULL, rows = 0, bytes = 0`,
        insertEvent('export.retrying', attempt.worker, { code }),
      )
    },

    /** Hands the export back because the worker shuts down: the attempt does not count. */
    release(attempt: Attempt): Promise<boolean> {
      return move(
        db,
        owned(attempt),
        Prisma.sql`status = 'queued', attempt_token = NULL, heartbeat_at = NULL, rows = 0, bytes = 0,
          attempts = attempts - 1`,
        insertEvent('export.released', attempt.worker, {}, Prisma.sql`attempts + 1`),
      )
    },

    /**
     * Puts the exports whose worker has not been heard of for `lostAfter` milliseconds back into the queue; those
     * that have been started `maxStarts` times have killed their worker each time, and end here.
     */
    async reviveLost(lostAfter: number, maxStarts: number, by: string): Promise<void> {
      const lost = Prisma.sql`status = 'running' AND heartbeat_at < now() - make_interval(secs => ${lostAfter / 1000}::float8)`
      const { advice, title } = ERRORS.WORKER_LOST
      await move(
        db,
        Prisma.sql`${lost} AND attempts >= ${maxStarts}`,
        Prisma.sql`status = 'failed', finished_at = now(), attempt_token = NULL,
          error_code = 'WORKER_LOST', error_message = ${`${title}, ${maxStarts} times. ${advice}`}`,
        insertEvent('export.failed', by, { code: 'WORKER_LOST' }),
      )
      await move(
        db,
        lost,
        Prisma.sql`status = 'queued', attempt_token = NULL, heartbeat_at = NULL, rows = 0, bytes = 0`,
        insertEvent('export.retrying', by, { code: 'WORKER_LOST' }),
      )
    },

    /** The file is to go. False: there is none. */
    expire(id: string, by: string): Promise<boolean> {
      return move(
        db,
        Prisma.sql`id = ${id}::uuid AND status = 'completed'`,
        Prisma.sql`status = 'expired', expires_at = least(expires_at, now())`,
        insertEvent('export.expired', by),
      )
    },

    /** The file of an expired export is gone from the storage. */
    async forgetArtifact(id: string): Promise<void> {
      await db.$executeRaw`UPDATE waybill.exports SET artifact_key = NULL
        WHERE id = ${id}::uuid AND status = 'expired'`
    },

    async recordDownload(id: string, by: Actor): Promise<void> {
      await db.exportEvent.create({ data: { exportId: id, type: 'export.downloaded', actor: by.name } })
    },
  }
}

/** One conditional UPDATE and, if it took place, one event: a single statement, so both or none. */
async function move(db: Database, where: Prisma.Sql, set: Prisma.Sql, event: Prisma.Sql): Promise<boolean> {
  const moved = await db.$queryRaw<unknown[]>`
    WITH moved AS (UPDATE waybill.exports SET ${set} WHERE ${where} RETURNING id, attempts), told AS (${event})
    SELECT id FROM moved`
  return moved.length > 0
}

/** The condition that fences a late attempt off. */
function owned(attempt: Attempt): Prisma.Sql {
  return Prisma.sql`id = ${attempt.exportId}::uuid AND attempt_token = ${attempt.token}::uuid AND status = 'running'`
}

/** Reads the rows of the CTE `moved`. */
function insertEvent(
  type: string,
  actor: string,
  data: Readonly<Record<string, unknown>> = {},
  attempt = Prisma.sql`nullif(attempts, 0)`,
): Prisma.Sql {
  return Prisma.sql`INSERT INTO waybill.export_events (export_id, type, actor, attempt, data)
    SELECT id, ${type}, ${actor}, ${attempt}, ${JSON.stringify(data)}::jsonb FROM moved`
}

function requestedData({ dataset, format, filters, columns, limit, compression, csv }: NewExport) {
  return {
    dataset,
    format,
    filters: filters as Prisma.InputJsonObject,
    columns: [...columns],
    limit: limit ?? null,
    compression,
    // Who turns the guard against formulas off is to be found later.
    ...(format === 'csv' ? { csv: { ...csv } } : {}),
  }
}

/** `20260609T120000Z` */
function compactTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}
