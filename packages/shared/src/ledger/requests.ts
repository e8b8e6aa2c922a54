// The writes for callers: request, cancel and expire an export, and record the links to its file.

import { createKeyedMutex } from '../async/keyed-mutex.ts'
import { type Actor, type AuditEvent, recordEvent } from '../audit/record.ts'
import { type Database, Prisma } from '../database/client.ts'
import { databaseFailure } from '../database/failure.ts'
import { FLUSH_LATER } from '../database/flush.ts'
import type { DatasetAccess } from '../datasets/dataset.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import type { Compression, CsvOptions, FormatName, Lane } from '../vocabulary/export.ts'
import { decodeExport, type ExportRow } from './export-row.ts'
import { createLinkLedger } from './links.ts'
import { readStoredBytes, type StoredBytes } from './stored-bytes.ts'
import { type LedgerContext, move } from './transition.ts'

export interface NewExport {
  readonly dataset: string
  /** The access rule of the dataset now; default: `caller`. */
  readonly datasetAccess?: DatasetAccess | undefined
  readonly format: FormatName
  readonly filters: Readonly<Record<string, unknown>>
  readonly columns: readonly string[]
  readonly limit: number | undefined
  readonly compression: Compression
  readonly csv: CsvOptions
  readonly contentType: string
  /** Without the dot. The file name is made of the dataset, the time and the extension. */
  readonly extension: string
  readonly lane: Lane
  /** The estimate of the source's planner, if there is one. */
  readonly estimatedRows: number | undefined
  /** The caller's Idempotency-Key, and the hash of the request. */
  readonly idempotency: { readonly key: string; readonly hash: string } | undefined
  /** Receives a webhook when the export ends. */
  readonly webhookUrl?: string | undefined
}

export interface Created {
  readonly row: ExportRow
  /** False: a repeat under the same idempotency key. */
  readonly created: boolean
  /** Exports of this requester that were queued or running before this one. */
  readonly active: number
}

/** A repeated POST is recognized for this long. */
const IDEMPOTENCY_WINDOW = '24 hours'

/** Limit of the wait for earlier requests of the same requester, which pile up while the database is slow. */
const REQUESTER_LOCK_TIMEOUT_MS = 30_000

export function createRequestLedger(context: LedgerContext) {
  const { db, flush } = context
  // Without it, many requests of one requester would each hold a connection while they wait for the lock below, and
  // requests of others would find none.
  const serialize = createKeyedMutex(REQUESTER_LOCK_TIMEOUT_MS, () => new WaybillError('DATABASE_UNAVAILABLE'))
  return {
    /**
     * Writes the row and its first event. A repeat under the same idempotency key returns the first row.
     *
     * @param maxActive exports of one requester that may be queued or running at once
     * @param maxStoredBytes bytes that the stored files of one requester may have before the request; 0: no limit
     * @throws WaybillError IDEMPOTENCY_KEY_REUSED, TOO_MANY_ACTIVE_EXPORTS, TOO_MANY_STORED_BYTES
     */
    async create(request: NewExport, requester: Actor, maxActive: number, maxStoredBytes = 0): Promise<Created> {
      const { idempotency } = request
      const repeated = await findRepeated(db, request, requester)
      if (repeated !== undefined) {
        // The first request may have committed a moment ago, and its answer may still wait for the disk.
        await flush()
        return { row: repeated, created: false, active: 0 }
      }
      try {
        const created = await serialize(requester.id, () =>
          db.$transaction(async (tx) => {
            // One request of a requester at a time. Otherwise concurrent requests would all pass the check of maxActive.
            await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${requester.id}, 0))::text, ${FLUSH_LATER}`
            const active = await tx.export.count({
              where: { requesterId: requester.id, status: { in: ['queued', 'running'] } },
            })
            const stored = maxStoredBytes === 0 ? undefined : await readStoredBytes(tx, requester.id)
            const isFull = stored !== undefined && stored.bytes >= maxStoredBytes
            if ((active >= maxActive || isFull) && (await findRepeated(tx, request, requester)) === undefined) {
              if (isFull) throw tooManyBytes(stored, maxStoredBytes)
              throw new WaybillError('TOO_MANY_ACTIVE_EXPORTS', `${active} exports of yours are queued or running.`)
            }
            const row = decodeExport(await tx.export.create({ data: newRow(request, requester) }))
            await recordEvent(tx, requestedEvent(row, requester))
            return { row, created: true, active }
          }),
        )
        await flush()
        return created
      } catch (error) {
        if (idempotency === undefined || databaseFailure(error).kind !== 'duplicate') throw error
        const row = await findRepeated(db, request, requester)
        if (row === undefined) throw error
        await flush()
        return { row, created: false, active: 0 }
      }
    },

    /** Ends an active export. A worker that runs it stops with its next heartbeat. False: the export has ended. */
    async cancel(id: string, by: Actor | string): Promise<boolean> {
      const moved = await move(
        context,
        Prisma.sql`id = ${id}::uuid AND status IN ('queued', 'running')`,
        Prisma.sql`status = 'canceled', finished_at = now(), attempt_token = NULL, waiting_for = NULL, next_attempt_at = NULL`,
        { type: 'export.canceled', actor: by },
      )
      return moved.length === 1
    },

    /** Marks the file for removal. False: there is no file. */
    async expire(id: string, by: Actor | string): Promise<boolean> {
      const moved = await move(
        context,
        Prisma.sql`id = ${id}::uuid AND status = 'completed'`,
        Prisma.sql`status = 'expired', expires_at = least(expires_at, now())`,
        { type: 'export.expired', actor: by },
      )
      return moved.length === 1
    },

    ...createLinkLedger(context),
  }
}

/** Names what to delete. The limit also ends by itself when files expire. */
function tooManyBytes({ bytes, largest, nextExpiry }: StoredBytes, maxStoredBytes: number): WaybillError {
  const files = largest.map((file) => `${file.id} (${file.bytes} bytes)`).join(', ')
  const message = `Your files have ${bytes} bytes, and ${maxStoredBytes} are allowed. The largest are: ${files}.`
  const seconds = nextExpiry === undefined ? 0 : Math.ceil((nextExpiry.getTime() - Date.now()) / 1000)
  return new WaybillError('TOO_MANY_STORED_BYTES', message, seconds > 0 ? { retryAfter: seconds } : {})
}

async function findRepeated(
  db: Pick<Database, 'export' | '$executeRaw'>,
  { idempotency }: NewExport,
  requester: Actor,
): Promise<ExportRow | undefined> {
  if (idempotency === undefined) return undefined
  await db.$executeRaw`UPDATE waybill.exports SET idempotency_key = NULL
    WHERE requester_id = ${requester.id} AND idempotency_key = ${idempotency.key}
      AND created_at < now() - ${IDEMPOTENCY_WINDOW}::interval`
  const row = await db.export.findFirst({ where: { requesterId: requester.id, idempotencyKey: idempotency.key } })
  if (row === null) return undefined
  if (row.idempotencyHash !== idempotency.hash) throw new WaybillError('IDEMPOTENCY_KEY_REUSED')
  return decodeExport(row)
}

function newRow(request: NewExport, requester: Actor): Prisma.ExportCreateInput {
  const { dataset, format, columns, compression, contentType, csv, estimatedRows, idempotency } = request
  const filters = request.filters as Prisma.InputJsonObject
  const limit = request.limit ?? null
  const createdAt = new Date()
  return {
    dataset,
    datasetAccess: request.datasetAccess ?? 'caller',
    format,
    filters,
    columns: [...columns],
    limit,
    compression,
    csv: { ...csv },
    contentType,
    lane: request.lane,
    filename: `${dataset}_${compactTime(createdAt)}.${request.extension}`,
    estimatedRows: estimatedRows ?? null,
    requesterId: requester.id,
    requestedBy: requester.name,
    idempotencyKey: idempotency?.key ?? null,
    idempotencyHash: idempotency?.hash ?? null,
    webhookUrl: request.webhookUrl ?? null,
    createdAt,
  }
}

function requestedEvent(row: ExportRow, actor: Actor): AuditEvent {
  const { id, dataset, format, filters, columns, limit, compression, csv, webhookUrl } = row
  // An auditor must be able to find who turned the guard against formulas off.
  const options = format === 'csv' ? { csv } : {}
  // Only the origin: receivers identify a caller by the path and the query, so these are secrets.
  const webhook = webhookUrl === null ? {} : { webhookOrigin: new URL(webhookUrl).origin }
  const data = { dataset, format, filters, columns, limit, compression, ...options, ...webhook }
  return { type: 'export.requested', actor, exportId: id, data }
}

/** `20260609T120000Z` */
function compactTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}
