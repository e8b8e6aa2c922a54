// `npm run audit:verify` as an operator or a cron job runs it: output and exit code.
import { once } from 'node:events'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { createLedger } from '@waybill/shared/ledger/ledger.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts'
import { tamper, writeTrail } from '../../setup/ledger/audit-trail.ts'
import { spawnProgram } from '../../setup/spawn.ts'

let database: TestDatabase
let db: Database
beforeAll(async () => {
  database = await createTestDatabase()
  const limits = { connections: 2, connectTimeout: 5_000, queryTimeout: 15_000 }
  db = createDatabase({ url: database.url, name: 'test-audit', ...limits })
  await writeTrail(db, createLedger(db))
})
afterAll(async () => {
  await db.$disconnect()
  await database.drop()
})

/** Runs the command with DATABASE_URL only. */
async function run(args: readonly string[], url = database.url) {
  const child = spawnProgram('apps/api/src/commands/audit-verify.ts', { args, env: { DATABASE_URL: url } })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  const [code] = await once(child, 'close')
  return { code, ...said }
}

it('reports whether the trail is intact, prints its head, and compares a noted head', async () => {
  const whole = await run([])
  expect(whole).toMatchObject({ code: 0, err: '' })
  expect(whole.out).toMatch(/^The trail is intact: 13 events/)
  const [, head = ''] = /^Head: (13:[0-9a-f]{64})$/m.exec(whole.out) ?? []
  expect((await run(['--head', head])).out).toContain('Event 13 has the hash given with --head.')

  await tamper(database.url, `UPDATE waybill.audit_events SET address = '198.51.100.9' WHERE id IN (2, 3)`)
  const other = `12:${head.slice(3)}`
  const broken = await run(['--head', head, '--head', other])
  expect(broken.code).toBe(1)
  expect(broken.out).toContain('! event 2 was changed\n! event 3 was changed\n! event 12 differs from the one')
  expect(broken.out).toContain('The trail is NOT intact: 3 problems in 13 events.')
})

it('exits with its own code when the trail cannot be checked, and prints no password', async () => {
  const unreachable = new URL(database.url)
  unreachable.port = '1'
  unreachable.password = 'planted-password'
  for (const { code, out, err } of [await run([], unreachable.href), await run(['--head', 'x']), await run([], '')]) {
    expect([code, out]).toEqual([2, ''])
    expect(err).not.toBe('')
    expect(err).not.toContain('planted-password')
  }
})
