// Verifies the whole audit trail in one snapshot and with bounded memory: finds changed, missing and removed events.
import pg from 'pg'
import type { ExportStatus } from '../vocabulary/export.ts'
import { CHAINED_EVENT, ChainCheck, type ChainedEvent, type Head } from './chain.ts'
import { findGuardProblems } from './guards.ts'

export interface VerifyOptions {
  /** Heads that were recorded earlier, outside of the database. */
  readonly noted?: readonly Head[]
  /** Called about once a second. */
  readonly onProgress?: (events: number, total: bigint) => void
}

export interface Verdict {
  readonly events: number
  /** The last event, to be recorded for a later check. */
  readonly head: Head
  /** Empty if the trail is intact. Contains the first hundred problems. */
  readonly problems: readonly string[]
  readonly problemCount: number
}

const FETCH_ROWS = 2_000

const MAX_REPORTED_PROBLEMS = 100

const PROGRESS_INTERVAL_MS = 1_000

/** @throws the error of pg if the database cannot be read; Error if it was not migrated */
export async function verifyTrail(databaseUrl: string, options: VerifyOptions = {}): Promise<Verdict> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'waybill-audit-verify',
    options: '-c TimeZone=UTC',
  })
  await client.connect()
  try {
    await requireDigests(client)
    // One snapshot: events that are written during the check do not appear as gaps or as a wrong head.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const check = new ChainCheck(options.noted)
    const problems: string[] = []
    let problemCount = 0
    const report = (found: readonly string[]) => {
      problemCount += found.length
      problems.push(...found.slice(0, MAX_REPORTED_PROBLEMS - problems.length))
    }
    const heads = await readHeads(client)
    for await (const event of readEvents(client, check, heads[0], options.onProgress)) report(check.take(event))
    report(check.end(heads[0]))
    if (heads.length > 1) report([`the trail has ${heads.length} heads instead of one`])
    report(await findGuardProblems(client))
    report(await findUnrecordedErasures(client))
    report(await findUnexplainedStatuses(client))
    return { events: check.count, head: check.last, problems, problemCount }
  } finally {
    await client.end()
  }
}

/** @throws Error before the migration to digests: the functions of that time cannot be compared */
async function requireDigests(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `SELECT FROM pg_catalog.pg_attribute
      WHERE attrelid = to_regclass('waybill.audit_events') AND attname = 'digest' AND NOT attisdropped`,
  )
  if (rows.length === 0) throw new Error('the tables are those of an earlier version: run npm run migrate first')
}

async function readHeads(client: pg.Client): Promise<Head[]> {
  const { rows } = await client.query<{ id: string; hash: string }>(
    `SELECT id::text, encode(hash, 'hex') AS hash FROM waybill.audit_head ORDER BY id DESC LIMIT 2`,
  )
  return rows.map(({ id, hash }) => ({ id: BigInt(id), hash }))
}

async function* readEvents(
  client: pg.Client,
  check: ChainCheck,
  head: Head | undefined,
  onProgress: VerifyOptions['onProgress'],
): AsyncGenerator<ChainedEvent, void, void> {
  await client.query(
    `DECLARE trail NO SCROLL CURSOR FOR SELECT ${CHAINED_EVENT} FROM waybill.audit_events e ORDER BY e.id`,
  )
  let reportedAt = performance.now()
  for (;;) {
    const { rows } = await client.query<ChainedEvent>(`FETCH FORWARD ${FETCH_ROWS} FROM trail`)
    if (rows.length === 0) return
    yield* rows
    if (performance.now() - reportedAt < PROGRESS_INTERVAL_MS) continue
    reportedAt = performance.now()
    onProgress?.(check.count, head?.id ?? check.last.id)
  }
}

/**
 * An erased event must be named by an event of type audit.erased. Otherwise an erasure would be a way to change events
 * without a trace.
 */
async function findUnrecordedErasures(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `WITH recorded AS (
        SELECT range_agg(int8range((r->>0)::bigint, (r->>1)::bigint, '[]')) AS ids
          FROM waybill.audit_events e CROSS JOIN LATERAL jsonb_array_elements(e.data->'events') r
         WHERE e.type = 'audit.erased' AND (r->>1)::bigint < e.id)
      SELECT id FROM waybill.audit_events, recorded
       WHERE digest IS NOT NULL AND salt IS NULL AND (ids IS NULL OR NOT id <@ ids) ORDER BY id LIMIT ${MAX_REPORTED_PROBLEMS}`,
  )
  return rows.map(({ id }) => `event ${id} was erased, and no event records it`)
}

/** Events that lead to each status. A trail that was truncated and rehashed does not match the statuses of the exports. */
const EVENTS_BY_STATUS: Readonly<Record<ExportStatus, readonly string[]>> = {
  queued: ['export.requested', 'export.retrying', 'export.released'],
  running: ['export.started'],
  completed: ['export.completed'],
  failed: ['export.failed'],
  canceled: ['export.canceled'],
  expired: ['export.expired'],
}

async function findUnexplainedStatuses(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ id: string; status: ExportStatus; type: string | null }>(
    `SELECT e.id, e.status, last.type FROM waybill.exports e LEFT JOIN LATERAL (
       SELECT type FROM waybill.audit_events a WHERE a.export_id = e.id AND a.type = ANY ($1)
        ORDER BY a.id DESC LIMIT 1) last ON true
      WHERE last.type IS NULL OR NOT ($2::jsonb -> e.status::text) ? last.type LIMIT ${MAX_REPORTED_PROBLEMS}`,
    [Object.values(EVENTS_BY_STATUS).flat(), JSON.stringify(EVENTS_BY_STATUS)],
  )
  return rows.map(({ id, status, type }) => `export ${id} is ${status}, its last event is ${type ?? 'none'}`)
}
