// Erases the personal fields of events. The chain stays valid, because it covers a digest of them (docs/audit.md).
import pg from 'pg'

/** What to erase. Without `before`: also the newest events. */
export interface ErasureSelection {
  /** Name or id of a caller: the events of the caller, and those about its API key. */
  readonly actor?: string | undefined
  /** Numbers of events, as ranges with both ends. */
  readonly events?: readonly (readonly [bigint, bigint])[]
  readonly before?: Date | undefined
}

export interface Erasure {
  /** Matching events whose personal fields can be erased, or were. */
  readonly events: number
  /** Matching events of the first form, which have no digest. Their fields cannot be erased. */
  readonly undigested: number
}

/** Events in one transaction. Other writers of the trail wait for it. */
const BATCH_EVENTS = 1_000

/** What a dry run counts, and an erasure changes. Erased events and erasures are left out. */
const MATCHES = `e.type <> 'audit.erased'
  AND ($1::text IS NULL OR e.actor = $1 OR e.actor_id = $1 OR 'key:' || (e.data->>'keyId') = $1)
  AND ($2::int8multirange IS NULL OR e.id <@ $2::int8multirange)
  AND ($3::timestamptz IS NULL OR e.at < $3::timestamptz)`

/**
 * Needs the rights of the owner of the tables.
 *
 * @param by the actor of the event that records the erasure
 * @param reason is stored in that event: no personal data
 */
export async function eraseEvents(
  databaseUrl: string,
  selection: ErasureSelection,
  { by, reason, dryRun }: { readonly by: string; readonly reason: string; readonly dryRun: boolean },
): Promise<Erasure> {
  const { actor = null, events, before = null } = selection
  const ranges = events === undefined ? null : `{${events.map(([first, last]) => `[${first},${last}]`).join(',')}}`
  const values = [actor, ranges, before]
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'waybill-audit-erase',
    options: '-c TimeZone=UTC',
  })
  await client.connect()
  try {
    const { rows } = await client.query<Erasure>(
      `SELECT count(*) FILTER (WHERE e.salt IS NOT NULL)::int AS events,
          count(*) FILTER (WHERE e.digest IS NULL)::int AS undigested
        FROM waybill.audit_events e WHERE ${MATCHES}`,
      values,
    )
    const found = rows[0] ?? { events: 0, undigested: 0 }
    if (dryRun) return found
    let erased = 0
    for (let after = '0'; ; ) {
      const page = await client.query<{ ids: string[] | null; last: string | null; erased: string | null }>(
        `WITH page AS (
            SELECT e.id FROM waybill.audit_events e WHERE ${MATCHES} AND e.salt IS NOT NULL AND e.id > $4::bigint
             ORDER BY e.id LIMIT ${BATCH_EVENTS}), ids AS (SELECT array_agg(id) AS ids, max(id) AS last FROM page)
          SELECT last, CASE WHEN last IS NOT NULL THEN waybill.erase_events(ids, $5, $6) END AS erased FROM ids`,
        [...values, after, by, reason],
      )
      const { last = null, erased: count } = page.rows[0] ?? {}
      if (last === null) break
      erased += Number(count)
      after = last
    }
    if (actor !== null) await client.query('DELETE FROM waybill.link_uses WHERE actor_id = $1', [actor])
    // The erased values stay in the files of the table until their space is freed.
    await client.query('VACUUM waybill.audit_events')
    return { events: erased, undigested: found.undigested }
  } finally {
    await client.end()
  }
}
