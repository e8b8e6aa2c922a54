// Checks every export after the faults, when no export runs any more.
import type pg from 'pg'
import { findViolations } from '../chaos/setup/invariants.ts'
import { until } from '../chaos/setup/until.ts'
import type { Tally } from './requests.ts'
import type { World } from './world.ts'

export interface Verdict {
  readonly violations: readonly string[]
  /** The number of exports by status and error code. */
  readonly ends: ReadonlyMap<string, number>
  readonly attempts: ReadonlyMap<number, number>
  readonly largest: number
}

/** Error codes that repeated faults can cause. Outages are waited for, so their codes are not here. */
const MAY_FAIL = new Set(['WORKER_LOST', 'SOURCE_TIMEOUT', 'STORAGE_MISMATCH'])

const EXPORTS_TIMEOUT_MS = 420_000
const CLEANUP_TIMEOUT_MS = 60_000

interface Row {
  readonly id: string
  readonly status: string
  readonly dataset: string
  readonly limit: number | null
  readonly errorCode: string | null
  readonly attempts: number
  readonly rowCount: number | null
  readonly bytes: number
  readonly key: string
}

export async function judge(world: World, tally: Tally): Promise<Verdict> {
  const violations: string[] = []
  await until('every export has ended', async () => (await unfinished(world.db)) === 0, EXPORTS_TIMEOUT_MS).catch(
    (error: Error) => violations.push(error.message),
  )
  const rows = await readRows(world.db)
  violations.push(...againstAnswers(rows, tally), ...(await againstSource(world.db, rows)))
  violations.push(...(await settled(world, rows)))
  await world.deployment.stop().catch((error: Error) => violations.push(error.message))
  violations.push(...(await leaks(world.db)))
  return {
    violations,
    ends: countBy(rows, ({ status, errorCode }) => (errorCode === null ? status : `${status} ${errorCode}`)),
    attempts: countBy(rows, ({ attempts }) => attempts),
    largest: Math.max(0, ...rows.map(({ bytes }) => bytes)),
  }
}

/** Checks all exports once, then repeats the check of those with problems until none is left or the time is over. */
async function settled({ place }: World, rows: readonly Row[]): Promise<string[]> {
  let problems = await findViolations(
    place,
    rows.map(({ id }) => id),
  )
  const look = async () => {
    const suspects = rows.map(({ id }) => id).filter((id) => problems.some((problem) => problem.startsWith(id)))
    problems = await findViolations(place, suspects)
    return problems.length === 0
  }
  await until('no problem is left', look, CLEANUP_TIMEOUT_MS).catch(() => undefined)
  return problems
}

function againstAnswers(rows: readonly Row[], { asked }: Tally): string[] {
  const problems: string[] = []
  const byKey = new Map(rows.map((row) => [row.key, row]))
  if (byKey.size !== rows.length) problems.push('two exports have one idempotency key')
  for (const { key, id, canceled } of asked) {
    const row = byKey.get(key)
    if (row?.id !== id) problems.push(`${id} was answered 202; its key belongs to ${row?.id}`)
    if (canceled && row?.status !== 'canceled')
      problems.push(`${id}: its cancel was answered 202, and it is ${row?.status}`)
    if (!canceled && row?.status === 'canceled' && canceled === undefined)
      problems.push(`${id}: canceled without a request`)
  }
  for (const { id, status, errorCode } of rows) {
    if (status === 'failed' && !MAY_FAIL.has(String(errorCode))) problems.push(`${id}: failed with ${errorCode}`)
  }
  return problems
}

/** The source does not change: every file of a dataset has the requested number of rows. */
async function againstSource(db: pg.Pool, rows: readonly Row[]): Promise<string[]> {
  const { rows: counts } = await db.query<{ dataset: string; count: number }>(`
    SELECT 'users' AS dataset, count(*)::int FROM users
    UNION ALL SELECT 'user-points', count(*)::int FROM userpoints
    UNION ALL SELECT 'user-interactions', count(*)::int FROM useractions
    UNION ALL SELECT 'wallet-transactions', count(*)::int FROM wallettransactions`)
  const sizes = new Map(counts.map(({ dataset, count }) => [dataset, count]))
  return rows
    .filter(({ status }) => status === 'completed')
    .filter(({ dataset, limit, rowCount }) => rowCount !== Math.min(limit ?? Infinity, sizes.get(dataset) ?? -1))
    .map(({ id, dataset, limit, rowCount }) => `${id}: ${rowCount} rows of ${dataset} with limit ${limit}`)
}

async function unfinished(db: pg.Pool): Promise<number> {
  const { rowCount } = await db.query(`SELECT FROM waybill.exports WHERE status IN ('queued', 'running')`)
  return rowCount ?? 0
}

async function leaks(db: pg.Pool): Promise<string[]> {
  let left: string[] = []
  const look = async () => {
    const { rows } = await db.query<{ line: string }>(
      `SELECT concat_ws(' | ', application_name, state, left(query, 100)) AS line FROM pg_stat_activity
        WHERE application_name LIKE 'waybill-%'`,
    )
    left = rows.map(({ line }) => `a connection outlived its process: ${line}`)
    return left.length === 0
  }
  await until('no connection is left', look, 10_000).catch(() => undefined)
  return left
}

async function readRows(db: pg.Pool): Promise<Row[]> {
  const { rows } = await db.query<Row>(
    `SELECT id, status, dataset, row_limit AS limit, error_code AS "errorCode", attempts, row_count::int AS "rowCount",
       bytes::int AS bytes, idempotency_key AS key FROM waybill.exports ORDER BY id`,
  )
  return rows
}

function countBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, number> {
  const counts = new Map<K, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}
