// The service works with the rights that `npm run migrate` grants, and its role cannot change the trail.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { appRoleGrants } from '@waybill/shared/database/app-role.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../../setup/database.ts'
import { spawnProgram } from '../../setup/spawn.ts'
import { startTestSystem, type TestSystem, testSettings } from '../../setup/system.ts'

const ROLE = `app_${randomBytes(6).toString('hex')}`

let database: TestDatabase
let system: TestSystem
let roleUrl: string
beforeAll(async () => {
  database = await createTestDatabase()
  const url = new URL(database.url)
  url.username = ROLE
  url.password = 'secret'
  roleUrl = url.href
  await asOwner(`CREATE ROLE ${ROLE} LOGIN PASSWORD 'secret'`)
  const owner: Record<string, string> = { ...testSettings(database, 'postgres'), DATABASE_APP_ROLE: ROLE }
  // Several at once, as when several hosts start.
  await Promise.all([migrate(owner), migrate(owner), migrate(owner)])
  const { QUEUE_PREFIX = '' } = owner
  const settings = { QUEUE_PREFIX, DATABASE_URL: roleUrl, SOURCE_DATABASE_URL: database.url }
  system = await startTestSystem({ queue: 'postgres', settings, deployQueue: false })
})
afterAll(async () => {
  await system.stop()
  await asOwner(`DROP OWNED BY ${ROLE}; DROP ROLE ${ROLE}`)
  await database.drop()
})

async function migrate(settings: Record<string, string>): Promise<void> {
  const program = spawnProgram('apps/api/src/commands/migrate.ts', { env: settings })
  let output = ''
  for (const stream of [program.stdout, program.stderr]) stream.on('data', (chunk) => (output += chunk))
  const [code] = await once(program, 'close')
  if (code !== 0) throw new Error(output)
}

const asOwner = (sql: string) => withClient(database.url, (client) => client.query(sql))
const asService = (sql: string) => withClient(roleUrl, (client) => client.query(sql))

it('the rights are those of docs/audit.md', async () => {
  const docs = await readFile(new URL('../../../docs/audit.md', import.meta.url), 'utf8')
  const [, grants] = /```sql[^\n]*\n(.*?)```/s.exec(docs) ?? []
  expect(grants).toBe(appRoleGrants('waybill_app'))
})

it('the role can request, run, download and remove exports, and export the trail', async () => {
  const { id } = await system.admin.export({ dataset: 'users', format: 'csv' })
  expect((await system.admin.get(`/v1/exports/${id}/download`)).status).toBe(303)
  expect((await system.admin.export({ dataset: 'audit', format: 'csv' })).status).toBe('completed')
  expect((await system.admin.delete(`/v1/exports/${id}`)).status).toBe(204)
  expect((await system.admin.post('/v1/api-keys', { name: 'a', role: 'exporter' })).status).toBe(201)
  const { events, problems } = await verifyTrail(roleUrl)
  expect(problems).toEqual([])
  expect(events).toBeGreaterThan(8)
})

it.each([
  `UPDATE waybill.audit_events SET actor = 'nobody'`,
  'DELETE FROM waybill.audit_events',
  'TRUNCATE waybill.audit_events',
  'ALTER TABLE waybill.audit_events DISABLE TRIGGER audit_events_append_only',
  'ALTER TABLE waybill.audit_events DISABLE TRIGGER ALL',
  'DROP TRIGGER audit_events_chain ON waybill.audit_events',
  'DROP TABLE waybill.audit_events',
  `CREATE OR REPLACE FUNCTION waybill.audit_hash(waybill.audit_events) RETURNS bytea RETURN ''::bytea`,
  'UPDATE waybill.audit_head SET id = 1',
  'DELETE FROM waybill.audit_head',
  'DELETE FROM waybill.exports',
  `SELECT waybill.erase_events(ARRAY[1], 'nobody', '')`,
  `SET waybill.erasing = 'on'; UPDATE waybill.audit_events SET salt = NULL`,
  `SET session_replication_role = 'replica'`,
])('the role cannot run: %s', async (sql) => {
  await expect(asService(sql)).rejects.toThrow(/permission denied|must be owner/)
})
