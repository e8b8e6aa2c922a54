// An export from POST to the downloaded file, in one process, on both queues.
import { createHash } from 'node:crypto'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withClient } from '../../setup/database.ts'
import { QUEUE_BACKENDS, startTestSystem, type TestSystem } from '../../setup/system.ts'

describe.each(QUEUE_BACKENDS)('an export, queue on %s', (queue) => {
  let system: TestSystem
  beforeAll(async () => {
    system = await startTestSystem({ queue })
    await withClient(system.database.url, (client) =>
      client.query(`INSERT INTO users (id, "externalUserId", created_at)
        SELECT gen_random_uuid(), 'user-' || i, timestamptz '2026-01-01 00:00:00+00' + i * interval '1 second'
        FROM generate_series(1, 2500) i`),
    )
  })
  afterAll(() => system.stop())

  it('has the rows, bytes and SHA-256 of the file behind its link', async () => {
    const done = await system.admin.export({ dataset: 'users', format: 'csv' })
    expect(done).toMatchObject({ status: 'completed', rowCount: 2500, truncated: false, attempts: 1 })
    const file = Buffer.from(await (await fetch(done.download.url)).arrayBuffer())
    expect(file.byteLength).toBe(done.bytes)
    expect(createHash('sha256').update(file).digest('hex')).toBe(done.sha256)
    expect(parse(file, { columns: true })).toHaveLength(2500)
  })
})
