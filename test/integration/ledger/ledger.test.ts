// The ledger rejects late attempts, and its trail cannot be rewritten.
import { randomUUID } from 'node:crypto'
import { listEvents } from '@waybill/shared/audit/queries.ts'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { decodeExport } from '@waybill/shared/ledger/export-row.ts'
import { type Artifact, type Attempt, createLedger, type Ledger } from '@waybill/shared/ledger/ledger.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../../setup/database.ts'
import { newExport } from '../../setup/ledger/new-export.ts'

let database: TestDatabase
let db: Database
let ledger: Ledger
beforeAll(async () => {
  database = await createTestDatabase()
  const options = {
    url: database.url,
    name: 'test-ledger',
    connections: 10,
    connectTimeout: 10_000,
    queryTimeout: 15_000,
  }
  db = createDatabase(options)
  ledger = createLedger(db)
})
afterAll(async () => {
  await db.$disconnect()
  await database.drop()
})

const REQUESTER = { id: 'key:1', name: 'wb_test' }
const LOCK_MS = 60_000
const TTL_MS = 3_600_000

async function queued(): Promise<string> {
  return (await ledger.create(newExport(), REQUESTER, 1_000_000)).row.id
}

const attemptOn = (exportId: string): Attempt => ({ exportId, token: randomUUID(), worker: 'worker:test' })

async function running(): Promise<Attempt> {
  const attempt = attemptOn(await queued())
  expect(await ledger.claim(attempt)).toMatchObject({ status: 'running' })
  return attempt
}

const artifactOf = (attempt: Attempt): Artifact => ({
  key: `exports/${attempt.exportId}/${attempt.token}/users.csv`,
  bytes: 10,
  sha256: 'ab'.repeat(32),
  rowCount: 2,
  truncated: false,
  warnings: [],
  snapshotAt: new Date('2026-06-09T12:00:00.123Z'),
})

const rowOf = (id: string) => db.export.findUniqueOrThrow({ where: { id } })
const trailOf = async (id: string) => (await listEvents(db, id, { limit: 1_000 })).map(({ type }) => type)
const silentFor = (id: string, seconds: number) =>
  withClient(database.url, (client) =>
    client.query(`UPDATE waybill.exports SET heartbeat_at = now() - make_interval(secs => $2) WHERE id = $1`, [
      id,
      seconds,
    ]),
  )

describe('an export that many workers claim', () => {
  it('is claimed by exactly one', async () => {
    const id = await queued()
    const claims = await Promise.all(Array.from({ length: 25 }, () => ledger.claim(attemptOn(id))))
    expect(claims.filter((row) => row !== undefined)).toHaveLength(1)
    expect(await rowOf(id)).toMatchObject({ status: 'running', attempts: 1 })
    expect(await trailOf(id)).toEqual(['export.requested', 'export.started'])
  })

  it('gives the row as a query of it would, and records the key of the file', async () => {
    const attempt = attemptOn(await queued())
    const row = await ledger.claim(attempt, 'exports/1/')
    expect(row).toEqual(decodeExport(await rowOf(attempt.exportId)))
    const upload = await db.upload.findUnique({ where: { token: attempt.token } })
    expect(upload).toMatchObject({ exportId: attempt.exportId, key: `exports/1/${row?.filename}`, uploadId: null })
  })

  it('is completed once by one of several completions', async () => {
    const attempt = await running()
    const said = await Promise.all(
      Array.from({ length: 10 }, () => ledger.complete(attempt, artifactOf(attempt), TTL_MS)),
    )
    expect(new Set(said), 'a repeat after a lost answer is no failure').toEqual(new Set([true]))
    expect(await trailOf(attempt.exportId)).toEqual(['export.requested', 'export.started', 'export.completed'])
  })
})

describe('an attempt that has lost its export', () => {
  it.each(['revived', 'requeued', 'canceled', 'completed', 'failed'])(
    'because it was %s can write nothing any more',
    async (how) => {
      const late = await running()
      const { exportId } = late
      if (how === 'canceled') await ledger.cancel(exportId, 'somebody')
      else if (how === 'requeued') await ledger.requeue(late, 'SOURCE_TIMEOUT', 0)
      else {
        await silentFor(exportId, 120)
        expect(await ledger.reviveLost(LOCK_MS, 'reconciler', exportId)).toEqual([exportId])
        const next = attemptOn(exportId)
        await ledger.claim(next)
        if (how === 'completed') await ledger.complete(next, artifactOf(next), TTL_MS)
        if (how === 'failed') await ledger.fail(next, 'SOURCE_TIMEOUT', 'Too slow.')
      }
      const [row, trail] = [await rowOf(exportId), await trailOf(exportId)]
      expect(await ledger.heartbeat(late, { rows: 9, bytes: 9 })).toBe(false)
      expect(await ledger.recordUpload(late, { key: 'late', uploadId: 'late' })).toBe(false)
      expect(await ledger.complete(late, artifactOf(late), TTL_MS)).toBe(false)
      expect(await ledger.fail(late, 'INTERNAL', 'late')).toBe(false)
      expect(await ledger.requeue(late, 'INTERNAL', 0)).toBe(false)
      expect(await ledger.release(late)).toBe(false)
      expect(await rowOf(exportId)).toEqual(row)
      expect(await trailOf(exportId)).toEqual(trail)
    },
  )
})

describe('an export whose worker sends no heartbeats', () => {
  it('is taken from the worker after the lock has run out, and not before', async () => {
    const { exportId } = await running()
    await silentFor(exportId, LOCK_MS / 1000 - 10)
    expect(await ledger.reviveLost(LOCK_MS, 'reconciler', exportId)).toEqual([])
    expect(await ledger.claim(attemptOn(exportId))).toBeUndefined()
    await silentFor(exportId, LOCK_MS / 1000 + 1)
    expect(await ledger.reviveLost(LOCK_MS, 'reconciler', exportId)).toEqual([exportId])
    expect(await rowOf(exportId)).toMatchObject({ status: 'queued', attemptToken: null, attempts: 1 })
    expect(await trailOf(exportId)).toEqual(['export.requested', 'export.started', 'export.retrying'])
  })

  it('fails at the third lost worker, with the reason', async () => {
    const id = await queued()
    for (let times = 1; times <= 3; times++) {
      expect(await ledger.claim(attemptOn(id))).toMatchObject({ attempts: times })
      await silentFor(id, 120)
      expect(await ledger.reviveLost(LOCK_MS, 'reconciler', id)).toEqual(times < 3 ? [id] : [])
    }
    expect(await rowOf(id)).toMatchObject({ status: 'failed', errorCode: 'WORKER_LOST' })
    expect((await trailOf(id)).at(-1)).toBe('export.failed')
    expect(await ledger.claim(attemptOn(id))).toBeUndefined()
  })

  it('spends no attempt when it was released in time', async () => {
    const attempt = await running()
    expect(await ledger.release(attempt)).toBe(true)
    expect(await rowOf(attempt.exportId)).toMatchObject({ status: 'queued', attempts: 0 })
  })
})

describe('the trail', () => {
  it.each([
    `UPDATE waybill.audit_events SET actor = 'other'`,
    `UPDATE waybill.audit_events SET actor = 'other' WHERE false`,
    'DELETE FROM waybill.audit_events',
    'TRUNCATE waybill.audit_events',
    'TRUNCATE waybill.exports CASCADE',
    'DELETE FROM waybill.exports',
  ])('cannot be rewritten: %s', async (sql) => {
    await running()
    const count = () => db.auditEvent.count()
    const before = await count()
    await expect(withClient(database.url, (client) => client.query(sql))).rejects.toThrow(
      /append-only|violates.*foreign key/,
    )
    expect(await count()).toBe(before)
  })

  it('matches the row: attempts, file and end', async () => {
    const attempt = await running()
    await ledger.heartbeat(attempt, { rows: 1, bytes: 5 })
    const artifact = artifactOf(attempt)
    await ledger.complete(attempt, artifact, TTL_MS)
    expect(await rowOf(attempt.exportId)).toMatchObject({
      status: 'completed',
      artifactKey: artifact.key,
      rowCount: 2n,
      rows: 2n,
      bytes: 10n,
      sha256: artifact.sha256,
      snapshotAt: artifact.snapshotAt,
      attemptToken: null,
    })
    const events = await listEvents(db, attempt.exportId, { limit: 1_000 })
    expect(events.at(-1)).toMatchObject({
      type: 'export.completed',
      actor: 'worker:test',
      attempt: 1,
      data: { rowCount: 2, bytes: 10, sha256: artifact.sha256 },
    })
    expect(await ledger.expire(attempt.exportId, 'wb_test')).toBe(true)
    expect(await ledger.expire(attempt.exportId, 'wb_test')).toBe(false)
    expect((await trailOf(attempt.exportId)).filter((type) => type === 'export.expired')).toHaveLength(1)
  })
})
