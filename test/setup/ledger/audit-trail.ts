// Writes an audit trail with every kind of event, and changes it in ways that only the owner of the tables can.
import { randomUUID } from 'node:crypto'
import { type Actor, recordEvent } from '@waybill/shared/audit/record.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import type { Attempt, Ledger } from '@waybill/shared/ledger/ledger.ts'
import { withClient } from '../database.ts'
import { newExport } from './new-export.ts'

export const CALLER: Actor = { id: 'key:1', name: 'wb_caller', address: '203.0.113.7', userAgent: 'curl/8.5.0' }

export const REQUEST = newExport()

/** Text that different JSON encoders may write differently. */
const TRICKY_TEXT = 'tab\t"quote" \\ line\nbreak \u0001 \u007f \u2028 é 🎉 </script>'

/** Writes thirteen events of two exports and of keys. Event 6 has no export. */
export async function writeTrail(db: Database, ledger: Ledger): Promise<void> {
  const first = (await ledger.create(REQUEST, CALLER, 1_000)).row.id
  const attempt: Attempt = { exportId: first, token: randomUUID(), worker: 'worker:host:1' }
  await ledger.claim(attempt)
  await ledger.requeue(attempt, 'SOURCE_UNAVAILABLE', 0)
  const again: Attempt = { ...attempt, token: randomUUID() }
  await ledger.claim(again)
  const file = { key: 'k', bytes: 10, sha256: 'ab'.repeat(32), rowCount: 2, truncated: false, warnings: [] }
  await ledger.complete(again, { ...file, snapshotAt: new Date() }, 3_600_000)
  const tricky: Actor = { id: TRICKY_TEXT, name: TRICKY_TEXT, address: TRICKY_TEXT, userAgent: TRICKY_TEXT }
  await recordEvent(db, {
    type: 'api-key.created',
    actor: tricky,
    data: { name: TRICKY_TEXT, number: 1e21, list: [null] },
  })
  await ledger.recordLink({ type: 'export.downloaded', exportId: first, by: CALLER }, 60_000)
  const second = (await ledger.create(REQUEST, CALLER, 1_000)).row.id
  await ledger.cancel(second, CALLER)
  await ledger.expire(first, 'worker:host:1')
  for (const type of ['api-key.changed', 'api-key.rotated', 'api-key.revoked'] as const) {
    await recordEvent(db, { type, actor: CALLER })
  }
}

/** Runs SQL with disabled triggers. */
export async function tamper(url: string, sql: string): Promise<void> {
  await withClient(url, async (client) => {
    const tables = ['waybill.audit_events', 'waybill.audit_head']
    for (const table of tables) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
    try {
      await client.query(sql)
    } finally {
      for (const table of tables) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`)
      for (const trigger of ['audit_events_append_only', 'audit_events_erasure']) {
        await client.query(`ALTER TABLE waybill.audit_events ENABLE ALWAYS TRIGGER ${trigger}`)
      }
    }
  })
}

/** SQL that recomputes the hash of one event, as the trigger would have done it. */
export const rehash = (id: number | string) => `
  UPDATE waybill.audit_events e SET digest = waybill.audit_digest(e) WHERE id = ${id};
  UPDATE waybill.audit_events e SET hash = waybill.audit_hash(e) WHERE id = ${id}`

/** SQL that recomputes the hashes from this event on, and sets the head: a complete forgery. */
export const rehashFrom = (from: number) => `
  DO $$
  DECLARE
    event waybill.audit_events;
    last bytea := coalesce((SELECT hash FROM waybill.audit_events WHERE id < ${from} ORDER BY id DESC LIMIT 1),
      decode(repeat('00', 32), 'hex'));
    number bigint := ${from - 1};
  BEGIN
    FOR event IN SELECT * FROM waybill.audit_events WHERE id >= ${from} ORDER BY id LOOP
      DELETE FROM waybill.audit_events WHERE id = event.id;
      number := number + 1;
      event.id := number;
      event.previous_hash := last;
      last := waybill.audit_hash(event);
      event.hash := last;
      INSERT INTO waybill.audit_events VALUES (event.*);
    END LOOP;
    UPDATE waybill.audit_head SET id = number, hash = last;
  END
  $$`
