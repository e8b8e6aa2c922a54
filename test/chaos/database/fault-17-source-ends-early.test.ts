// Fault 17: the source fails during the read. An incomplete file is never published, in any format.
import { beforeAll, expect, it } from 'vitest'
import { useRig } from '../setup/rig.ts'

const ROWS = 9_000
const REQUESTS = [
  ...['csv', 'json', 'ndjson', 'xlsx'].map((format) => ({ dataset: 'users', format })),
  ...['csv', 'json', 'ndjson'].map((format) => ({ dataset: 'users', format, compression: 'gzip' })),
]

const rig = useRig({
  queue: 'redis',
  rows: ROWS,
  rowBytes: 3000,
  settings: { WORKER_CONCURRENCY: '3' },
})

/** The view has an expensive function, so that Postgres evaluates it after the sort, for each row that is sent. */
beforeAll(async () => {
  await rig().client.query(`
    ALTER TABLE users RENAME TO all_users;
    CREATE FUNCTION fails_late(value varchar, number int) RETURNS varchar LANGUAGE plpgsql STABLE COST 10000 AS $$
    BEGIN
      IF number = 8500 THEN RAISE EXCEPTION 'row % is broken', number USING ERRCODE = 'data_corrupted'; END IF;
      RETURN value;
    END $$;
    CREATE VIEW users AS SELECT id, created_at, updated_at,
      fails_late("externalUserId", split_part("externalUserId", '-', 2)::int)::varchar AS "externalUserId",
      "apiKey_used", oauth_user_id FROM all_users`)
})

it('an export fails with the reason and leaves no object in any format when a late row cannot be read', async () => {
  const { ask, ended, holds, s3 } = rig()
  const ids = await Promise.all(REQUESTS.map(ask))
  for (const id of ids) {
    const done = await ended(id)
    expect(done).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'SOURCE_QUERY_FAILED' } })
    expect(done.error.message).toContain('row 8500 is broken')
  }
  const uploaded = s3.requests.filter(({ method, path }) => method === 'PUT' && ids.some((id) => path.includes(id)))
  expect(uploaded.length, 'parts were on their way').toBeGreaterThan(0)
  const completed = s3.requests.filter(({ method, query }) => method === 'POST' && query.has('uploadId'))
  expect(completed).toEqual([])
  await holds(ids)
})

it('every completed file has every row when the connection to the source breaks repeatedly', async () => {
  const { source, ask, holds, ended, client, retries } = rig()
  await client.query('DROP VIEW users; ALTER TABLE all_users RENAME TO users')
  const ids = await Promise.all(REQUESTS.map(ask))
  for (let cuts = 0; cuts < 2; cuts++) await source.cutAfter(25_500_000, 'downstream')
  for (const id of ids) expect(await ended(id)).toMatchObject({ status: 'completed', rowCount: ROWS })
  const retried = await Promise.all(ids.map(retries))
  expect(retried.flat().length).toBeGreaterThanOrEqual(2)
  await holds(ids)
})
