// Walks the whole trail, in bounded memory and as of one moment, and finds a change, a gap or a removal.
import pg from 'pg'
import type { ExportStatus } from '../vocabulary/export.ts'
import { CHAINED_EVENT, ChainCheck, type ChainedEvent, type Head } from './chain.ts'

export interface VerifyOptions {
  /** Heads that were noted earlier, outside of the database. */
  readonly noted?: readonly Head[]
  /** Called about once a second. */
  readonly onProgress?: (events: number, of: bigint) => void
}

export interface Verdict {
  readonly events: number
  /** The last event, to be noted. */
  readonly head: Head
  /** Nothing: the trail is whole. The first hundred; there may be more. */
  readonly problems: readonly string[]
  readonly problemCount: number
}

/** Rows of one FETCH. */
const PAGE = 2_000

/** Problems that are told one by one. */
const TOLD = 100

/** Milliseconds between two words of progress. */
const PROGRESS_INTERVAL = 1_000

/** @throws what pg throws when the database cannot be read */
export async function verifyTrail(databaseUrl: string, options: VerifyOptions = {}): Promise<Verdict> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'waybill-audit-verify',
    options: '-c TimeZone=UTC',
  })
  await client.connect()
  try {
    // One snapshot: what is written meanwhile is neither a gap nor a wrong head.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const check = new ChainCheck(options.noted)
    const problems: string[] = []
    let problemCount = 0
    const tell = (found: readonly string[]) => {
      problemCount += found.length
      problems.push(...found.slice(0, TOLD - problems.length))
    }
    const heads = await readHeads(client)
    for await (const event of readEvents(client, check, heads[0], options.onProgress)) tell(check.take(event))
    tell(check.end(heads[0]))
    if (heads.length > 1) tell([`the trail has ${heads.length} heads instead of one`])
    tell(await missingTriggers(client))
    tell(await untoldStates(client))
    return { events: check.count, head: check.last, problems, problemCount }
  } finally {
    await client.end()
  }
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
  let saidAt = performance.now()
  for (;;) {
    const { rows } = await client.query<ChainedEvent>(`FETCH FORWARD ${PAGE} FROM trail`)
    if (rows.length === 0) return
    yield* rows
    if (performance.now() - saidAt < PROGRESS_INTERVAL) continue
    saidAt = performance.now()
    onProgress?.(check.count, head?.id ?? check.last.id)
  }
}

/** What keeps the trail append-only, and as what it must be enabled: A, always, or O, unless in a replica's session. */
const TRIGGERS: Readonly<Record<string, readonly string[]>> = {
  audit_events_append_only: ['A'],
  audit_events_chain: ['O', 'A'],
  audit_head_guard: ['O', 'A'],
}

async function missingTriggers(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; enabled: string }>(
    `SELECT t.tgname AS name, t.tgenabled AS enabled FROM pg_catalog.pg_trigger t
      WHERE t.tgrelid IN ('waybill.audit_events'::regclass, 'waybill.audit_head'::regclass)`,
  )
  return Object.entries(TRIGGERS).flatMap(([name, states]) => {
    const enabled = rows.find((row) => row.name === name)?.enabled
    if (enabled === undefined) return [`the trigger ${name} was removed`]
    return states.includes(enabled) ? [] : [`the trigger ${name} is disabled`]
  })
}

/** The event that a state comes with: a trail that was cut off and chained anew does not fit the exports. */
const TOLD_BY: Readonly<Record<ExportStatus, readonly string[]>> = {
  queued: ['export.requested', 'export.retrying', 'export.released'],
  running: ['export.started'],
  completed: ['export.completed'],
  failed: ['export.failed'],
  canceled: ['export.canceled'],
  expired: ['export.expired'],
}

async function untoldStates(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ id: string; status: ExportStatus; type: string | null }>(
    `SELECT e.id, e.status, last.type FROM waybill.exports e LEFT JOIN LATERAL (
       SELECT type FROM waybill.audit_events a WHERE a.export_id = e.id AND a.type = ANY ($1)
        ORDER BY a.id DESC LIMIT 1) last ON true
      WHERE last.type IS NULL OR NOT ($2::jsonb -> e.status::text) ? last.type LIMIT ${TOLD}`,
    [Object.values(TOLD_BY).flat(), JSON.stringify(TOLD_BY)],
  )
  return rows.map(({ id, status, type }) => `export ${id} is ${status}, its last event is ${type ?? 'none'}`)
}
