// What the ledger has confirmed is on disk, although its transactions commit before their log is.
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { createDatabase } from '@waybill/shared/database/client.ts'
import { deployMigrations } from '@waybill/shared/database/migrations.ts'
import { createLedger } from '@waybill/shared/ledger/ledger.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startPostgres } from '../../../apps/standalone/src/postgres/embedded-postgres.ts'
import { withClient } from '../../setup/database.ts'
import { CALLER, REQUEST } from '../../setup/ledger/audit-trail.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-durability-'))
})
afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))

/** Without the writer that would bring the log to the disk a little later. The disk itself does not fail. */
const start = () =>
  startPostgres({
    directory,
    port: 0,
    log: () => undefined,
    settings: { fsync: 'off', wal_writer_delay: '10s' },
  })

/** Ends the server at once: what is only in its memory is lost. */
async function crash(): Promise<void> {
  const [pid] = (await readFile(join(directory, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')
  process.kill(Number(pid), 'SIGQUIT')
}

it.each(['a request', 'a cancellation', 'a publication', 'a link'])(
  '%s survives a crash of the server',
  async (what) => {
    const server = await start()
    await deployMigrations(server.url)
    const limits = { connections: 4, connectTimeout: 5_000, queryTimeout: 15_000 }
    const db = createDatabase({ url: server.url, name: 'test-durability', ...limits })
    const ledger = createLedger(db)
    const { id } = (await ledger.create(REQUEST, CALLER, 10)).row
    const attempt = { exportId: id, token: randomUUID(), worker: 'worker:test:1' }
    const file = { key: 'k', bytes: 1, sha256: 'ab'.repeat(32), rowCount: 1, truncated: false, warnings: [] }
    if (what === 'a cancellation') await ledger.cancel(id, CALLER)
    if (what === 'a publication') {
      await ledger.claim(attempt)
      await ledger.complete(attempt, { ...file, snapshotAt: new Date() }, 3_600_000)
    }
    if (what === 'a link') await ledger.recordLink({ type: 'export.downloaded', exportId: id, by: CALLER }, 60_000)
    await crash()
    await db.$disconnect()
    // Waits for the end of the process.
    await server.stop()

    const next = await start()
    try {
      const { rows } = await withClient(next.url, (client) =>
        client.query(`SELECT status, (SELECT count(*)::int FROM waybill.link_uses) AS links FROM waybill.exports`),
      )
      const expected = {
        'a request': { status: 'queued', links: 0 },
        'a cancellation': { status: 'canceled', links: 0 },
        'a publication': { status: 'completed', links: 0 },
        'a link': { status: 'queued', links: 1 },
      }
      expect(rows).toEqual([expected[what as keyof typeof expected]])
      expect((await verifyTrail(next.url)).problems).toEqual([])
    } finally {
      await next.stop()
    }
  },
)
