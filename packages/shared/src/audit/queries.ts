// Reads the audit trail page by page.
import type { AuditQuery } from '../contract/audit.ts'
import { type Database, Prisma } from '../database/client.ts'
import { audit } from '../datasets/audit.ts'
import type { AuditEvent } from '../generated/prisma/client.ts'

export interface AuditRow extends Omit<AuditEvent, 'salt' | 'digest'> {
  /** Links that the same caller got again in the link period of this event; null: see `LINK_REPEATS`. */
  readonly repeats: bigint | null
}

/**
 * The counter of a caller's links is the one of its latest period (`link_uses`), so only the event of that period has it.
 * The event of the next period has the number in its data.
 */
const LINK_REPEATS = `LEFT JOIN waybill.link_uses u
  ON u.export_id = e.export_id AND u.actor_id = e.actor_id AND u.type = e.type AND u.starts_at <= e.at`

const ROW = `e.id, e.at, e.type, e.actor, e.actor_id AS "actorId", e.address, e.user_agent AS "userAgent",
  e.export_id AS "exportId", e.attempt, e.data, e.previous_hash AS "previousHash", e.hash, u.repeats`

/** The list uses the filters of the dataset, so that a list and an export with the same filters hold the same events. */
const FILTERS = {
  from: audit.filters.dateFrom,
  to: audit.filters.dateTo,
  actor: audit.filters.actor,
  type: audit.filters.type,
}

/** Newest first. Returns one event more than `limit` if there is a next page. */
export function listTrail(db: Database, { limit, cursor, ...filters }: AuditQuery): Promise<AuditRow[]> {
  const values: string[] = []
  const bind = (value: string) => `$${values.push(value)}`
  const conditions = Object.entries(FILTERS).flatMap(([name, filter]) => {
    const value = filters[name as keyof typeof FILTERS]
    return value === undefined || filter === undefined ? [] : [`(${filter.sql(value, bind)})`]
  })
  if (cursor !== undefined) conditions.push(`e.id < ${bind(cursor)}::text::bigint`)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return db.$queryRawUnsafe<AuditRow[]>(
    `SELECT ${ROW} FROM ${audit.from} ${LINK_REPEATS} ${where} ORDER BY e.id DESC
     LIMIT ${bind(String(limit + 1))}::text::bigint`,
    ...values,
  )
}

export interface EventPage {
  readonly limit: number
  /** Number of the last event of the previous page. */
  readonly cursor?: string | undefined
}

/** The events of one export, oldest first. Returns one event more than `limit` if there is a next page. */
export function listEvents(db: Database, exportId: string, { limit, cursor = '0' }: EventPage): Promise<AuditRow[]> {
  return db.$queryRaw<AuditRow[]>`
    SELECT ${Prisma.raw(ROW)} FROM waybill.audit_events e ${Prisma.raw(LINK_REPEATS)}
    WHERE e.export_id = ${exportId}::uuid AND e.id > ${cursor}::text::bigint ORDER BY e.id LIMIT ${limit + 1}`
}
