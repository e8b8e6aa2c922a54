// Records the links to files that callers get: one event in each link period, and the number of repeats.
import { type Actor, EVENT_COLUMNS, eventValues, REQUIRE_EVENTS } from '../audit/record.ts'
import { Prisma } from '../database/client.ts'
import { FLUSH_LATER } from '../database/flush.ts'
import { interval } from '../database/sql.ts'
import type { LedgerContext } from './transition.ts'

/** A link from `GET …/download`, or one in the response of `GET /v1/exports/{id}`. */
export type LinkEvent = 'export.downloaded' | 'export.link-issued'

export interface IssuedLink {
  readonly type: LinkEvent
  readonly exportId: string
  readonly by: Actor
}

export function createLinkLedger({ db, flush }: LedgerContext) {
  return {
    /** Counts a link in the current period of its caller. False: there is none, and {@link recordLink} must begin one. */
    async countRepeatedLink({ type, exportId, by }: IssuedLink): Promise<boolean> {
      const count = await db.$executeRaw`
        UPDATE waybill.link_uses SET repeats = repeats + 1, last_at = now()
        WHERE export_id = ${exportId}::uuid AND actor_id = ${by.id} AND type = ${type} AND ends_at > now()`
      return count === 1
    },

    /**
     * Begins a period of `ttl` milliseconds with an event, which has the number of repeats of the period before. When a
     * concurrent request of the same caller was first, the link is counted as a repeat.
     */
    async recordLink({ type, exportId, by }: IssuedLink, ttl: number): Promise<void> {
      const isOver = Prisma.sql`old.ends_at <= now()`
      await db.$queryRaw`
        WITH used AS (
          INSERT INTO waybill.link_uses AS old (export_id, actor_id, type, ends_at)
          VALUES (${exportId}::uuid, ${by.id}, ${type}, now() + ${interval(ttl)})
          ON CONFLICT (export_id, actor_id, type) DO UPDATE SET
            starts_at = CASE WHEN ${isOver} THEN excluded.starts_at ELSE old.starts_at END,
            ends_at = CASE WHEN ${isOver} THEN excluded.ends_at ELSE old.ends_at END,
            repeats = CASE WHEN ${isOver} THEN 0 ELSE old.repeats + 1 END,
            repeats_before = CASE WHEN ${isOver} THEN old.repeats ELSE old.repeats_before END,
            last_at = excluded.last_at
          RETURNING export_id, repeats, repeats_before
        ), moved AS (SELECT * FROM used WHERE repeats = 0), recorded AS (INSERT INTO waybill.audit_events (export_id, attempt, ${EVENT_COLUMNS})
        SELECT export_id, NULL, ${eventValues({
          type,
          actor: by,
          data: Prisma.sql`CASE WHEN repeats_before > 0
          THEN jsonb_build_object('repeatsBefore', repeats_before) ELSE '{}' END`,
        })}
        FROM moved RETURNING id)
        SELECT ${REQUIRE_EVENTS}, ${FLUSH_LATER}`
      await flush()
    },
  }
}
