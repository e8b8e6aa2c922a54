// `npm run audit:verify` and `audit:anchor` (docs/audit.md) as an operator or a cron job runs them: output and exit code.
import { once } from 'node:events'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { createLedger } from '@waybill/shared/ledger/ledger.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts'
import { rehashFrom, tamper, writeTrail } from '../../setup/ledger/audit-trail.ts'
import { spawnProgram } from '../../setup/spawn.ts'
import { testSettings } from '../../setup/system.ts'

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
const run = (args: readonly string[], url = database.url) => runCommand('audit-verify', args, { DATABASE_URL: url })

async function runCommand(name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawnProgram(`apps/api/src/commands/${name}.ts`, { args, env })
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

it('finds a cut end of the trail by the anchors in the bucket', async () => {
  const other = await createTestDatabase()
  const trail = createDatabase({
    url: other.url,
    name: 'test-audit',
    connections: 2,
    connectTimeout: 5_000,
    queryTimeout: 15_000,
  })
  try {
    const env = { ...testSettings(other, 'postgres'), DATABASE_URL: other.url }
    expect((await runCommand('audit-anchor', [], env)).out).toContain('nothing to anchor')
    await writeTrail(trail, createLedger(trail))
    const anchored = await runCommand('audit-anchor', [], env)
    expect(anchored).toMatchObject({ code: 0, err: '' })
    expect(anchored.out).toMatch(
      /^Anchored in the bucket: audit-anchors\/\d{8}T\d{9}Z-13-[0-9a-f]{64}\.json\nHead: 13:/,
    )
    expect((await runCommand('audit-verify', [], env)).out).toContain('agrees with every anchor in the bucket: 1.')

    // The owner of the tables removes the last three events, which concern keys, and moves the head back.
    await tamper(other.url, `DELETE FROM waybill.audit_events WHERE id > 10; ${rehashFrom(10)}`)
    expect((await runCommand('audit-verify', ['--no-anchors'], env)).code, 'nothing in the database shows it').toBe(0)
    const cut = await runCommand('audit-verify', [], env)
    expect(cut.code).toBe(1)
    expect(cut.out).toContain('! event 13, whose hash was recorded, is missing')

    const away = await runCommand('audit-verify', [], { ...env, S3_BUCKET: 'no-such-bucket' })
    expect([away.code, away.out]).toEqual([2, ''])
    expect(away.err).toContain('The anchors in the bucket cannot be read')
    expect((await runCommand('audit-anchor', [], { ...env, S3_BUCKET: 'no-such-bucket' })).code).toBe(2)
  } finally {
    await trail.$disconnect()
    await other.drop()
  }
})

it('npm run audit:erase counts first, and erases with --yes', async () => {
  const other = await createTestDatabase()
  const trail = createDatabase({
    url: other.url,
    name: 'test-audit',
    connections: 2,
    connectTimeout: 5_000,
    queryTimeout: 15_000,
  })
  try {
    await writeTrail(trail, createLedger(trail))
    const erase = (...args: string[]) => runCommand('audit-erase', args, { DATABASE_URL: other.url })
    const planned = await erase('--actor', 'key:1', '--reason', 'ticket 7')
    expect(planned.code).toBe(0)
    expect(planned.out).toMatch(/^Would erase the personal data of 7 events\.\nNothing was changed/)
    expect(await trail.auditEvent.count({ where: { actorId: 'key:1' } })).toBe(7)
    expect((await erase('--actor', 'key:1', '--reason', 'ticket 7', '--yes')).out).toBe(
      'Erased the personal data of 7 events.\n',
    )
    expect(await trail.auditEvent.count({ where: { actorId: 'key:1' } })).toBe(0)
    expect((await run([], other.url)).out).toMatch(/^The trail is intact: 14 events/)
    for (const args of [
      [],
      ['--actor', 'x'],
      ['--events', '9-2', '--reason', 'x'],
      ['--events', 'x', '--reason', 'x'],
    ]) {
      const wrong = await erase(...args)
      expect([wrong.code, wrong.out]).toEqual([2, ''])
      expect(wrong.err).toContain('Usage: npm run audit:erase')
    }
  } finally {
    await trail.$disconnect()
    await other.drop()
  }
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
