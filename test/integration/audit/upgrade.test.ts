// The migration to the chain keeps every event of an earlier version, in the order of their numbers.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { deployMigrations } from '@waybill/shared/database/migrations.ts'
import { expect, it } from 'vitest'
import { createTestDatabase, withClient } from '../../setup/database.ts'

const FIRST = '20261123000000_init'

it('the events of an earlier version are in the chain after the migration, and new events follow', async () => {
  const database = await createTestDatabase()
  try {
    const before = await withClient(database.url, async (client) => {
      await client.query('DROP SCHEMA waybill CASCADE; CREATE SCHEMA waybill')
      const sql = await readFile(new URL(`../../../prisma/migrations/${FIRST}/migration.sql`, import.meta.url), 'utf8')
      await client.query(sql)
      await client.query(`CREATE TABLE waybill._prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL,
        finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
        started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`)
      await client.query(
        `INSERT INTO waybill._prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('1', $1, $2, now())`,
        [createHash('sha256').update(sql).digest('hex'), FIRST],
      )
      await client.query(`INSERT INTO waybill.exports
          (id, dataset, format, filename, content_type, lane, requester_id, requested_by)
        SELECT gen_random_uuid(), 'users', 'csv', 'f', 't', 'small', 'key:1', 'wb' FROM generate_series(1, 20)`)
      // The earlier version used a sequence, so rolled back transactions have left gaps in the numbers.
      await client.query(`INSERT INTO waybill.export_events (id, export_id, type, actor, data)
        SELECT 3 * row_number() OVER (), id, 'export.requested', 'wb', '{"limit": null}' FROM waybill.exports`)
      return (await client.query('SELECT id, export_id, type, actor, at, data FROM waybill.export_events ORDER BY id'))
        .rows
    })
    await deployMigrations(database.url)
    expect(await verifyTrail(database.url)).toMatchObject({ events: 20, head: { id: 60n }, problems: [] })
    await withClient(database.url, async (client) => {
      const { rows } = await client.query(
        'SELECT id, export_id, type, actor, at, data FROM waybill.audit_events ORDER BY id',
      )
      expect(rows).toEqual(before)
      await client.query(`INSERT INTO waybill.audit_events (type, actor) VALUES ('api-key.created', 'wb')`)
    })
    expect(await verifyTrail(database.url)).toMatchObject({ events: 21, head: { id: 61n }, problems: [] })
  } finally {
    await database.drop()
  }
})
