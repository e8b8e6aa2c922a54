// Reads the audit trail page by page.
import type { AuditQuery } from '../contract/audit.ts'
import type { Database } from '../database/client.ts'
import { audit } from '../datasets/audit.ts'
import type { AuditEvent } from '../generated/prisma/client.ts'

export type AuditRow = AuditEvent

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
    `SELECT id, at, type, actor, actor_id AS "actorId", address, user_agent AS "userAgent", export_id AS "exportId",
       attempt, data, previous_hash AS "previousHash", hash
     FROM ${audit.from} ${where} ORDER BY e.id DESC LIMIT ${bind(String(limit + 1))}::text::bigint`,
    ...values,
  )
}
