// The filters of GAME's datasets: exactly the requested rows, to the microsecond.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadSample } from '../../apps/standalone/src/sample.ts'
import type { Json } from '../setup/api/api-client.ts'
import { withClient } from '../setup/database.ts'
import { GAME_DATASETS, readGame } from '../setup/game.ts'
import { startTestSystem, type TestSystem } from '../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem()
  await loadSample(system.database.url, { rows: 400 })
})
afterAll(() => system.stop())

async function exportedIds(request: Record<string, unknown>): Promise<string[]> {
  const done = await system.admin.export({ ...request, format: 'json', columns: ['id'] })
  const rows = (await (await fetch(done.download.url)).json()) as Json[]
  return rows.map(({ id }) => id)
}

describe.each(GAME_DATASETS)('$name', (game) => {
  const dataset = game.name
  const idsWhere = async (where: string) => (await readGame(system.database.url, game, where)).map(([id]) => id)

  it('dateFrom and dateTo include their own microsecond and exclude the next one', async () => {
    const rows = await readGame(system.database.url, game)
    const at = rows.map((row) => row[game.columns.findIndex(([name]) => name === 'created_at')])
    const first = at[3] ?? ''
    const last = at[15] ?? ''
    const within = rows.filter((_, i) => (at[i] ?? '') >= first && at[i] && (at[i] ?? '') <= last).map(([id]) => id)
    expect(within.length).toBeGreaterThanOrEqual(13)
    expect(await exportedIds({ dataset, filters: { dateFrom: first, dateTo: last } })).toEqual(within)

    const after = nextMicrosecond(first)
    const later = rows.filter((_, i) => at[i] && (at[i] ?? '') >= after && (at[i] ?? '') <= last).map(([id]) => id)
    expect(later.length).toBeLessThan(within.length)
    expect(await exportedIds({ dataset, filters: { dateFrom: after, dateTo: last } })).toEqual(later)
  })

  it('an offset selects the instant, and a day is the whole day in UTC', async () => {
    expect(await exportedIds({ dataset, filters: { dateFrom: '2026-03-15T14:00:00.123456+02:00' } })).toEqual(
      await idsWhere(`one.created_at >= '2026-03-15 12:00:00.123456+00'`),
    )
    expect(await exportedIds({ dataset, filters: { dateFrom: '2026-03-15', dateTo: '2026-03-15' } })).toEqual(
      await idsWhere(`one.created_at >= '2026-03-15 00:00+00' AND one.created_at < '2026-03-16 00:00+00'`),
    )
  })

  it('a filter without matches gives a complete file without rows', async () => {
    const done = await system.admin.export({ dataset, format: 'csv', filters: { dateTo: '1999-01-01' } })
    expect(done).toMatchObject({ status: 'completed', rowCount: 0, truncated: false, progress: { percent: 100 } })
    const text = await (await fetch(done.download.url)).text()
    expect(text).toBe(`${game.columns.map(([name]) => name).join(',')}\r\n`)
  })
})

describe('user-points', () => {
  it('filters by game and by task; a task of the same name in another game does not match', async () => {
    const { rows } = await withClient(system.database.url, (client) =>
      client.query<{ game: string; task: string; count: string }>(`SELECT "externalGameId" AS game,
        "externalTaskId" AS task, count(*) FROM userpoints p JOIN tasks t ON t.id = p."taskId"
        JOIN games g ON g.id = t."gameId" GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 1`),
    )
    const { game, task, count } = rows[0] ?? { game: '', task: '', count: '0' }
    const both = await exportedIds({ dataset: 'user-points', filters: { externalGameId: game, externalTaskId: task } })
    const byTask = await exportedIds({ dataset: 'user-points', filters: { externalTaskId: task } })
    const byGame = await exportedIds({ dataset: 'user-points', filters: { externalGameId: game } })
    expect(both).toHaveLength(Number(count))
    expect(byTask.length).toBeGreaterThan(both.length)
    expect(byGame.length).toBeGreaterThan(both.length)
    expect(byTask.filter((id) => byGame.includes(id))).toEqual(both)
  })

  it('treats quotes and SQL in a name as text', async () => {
    const name = `juego "20", été; ゲーム`
    const all = await withClient(system.database.url, (client) =>
      client.query<{ count: string }>(
        `SELECT count(*) FROM userpoints p JOIN tasks t ON t.id = p."taskId" JOIN games g ON g.id = t."gameId"
         WHERE g."externalGameId" = $1`,
        [name],
      ),
    )
    const ids = await exportedIds({ dataset: 'user-points', filters: { externalGameId: name } })
    expect(ids).toHaveLength(Number(all.rows[0]?.count))
    expect(ids.length).toBeGreaterThan(0)
    expect(await exportedIds({ dataset: 'user-points', filters: { externalGameId: `x' OR '1'='1` } })).toEqual([])
  })
})

describe('columns and limit', () => {
  it('gives the requested columns in the requested order', async () => {
    const done = await system.admin.export({
      dataset: 'users',
      format: 'json',
      columns: ['created_at', 'id'],
      limit: 5,
    })
    const rows = (await (await fetch(done.download.url)).json()) as Json[]
    expect(rows.map((row) => Object.keys(row))).toEqual(Array(5).fill(['created_at', 'id']))
  })

  it('cuts at exactly the limit and sets truncated only when rows are cut', async () => {
    const total = (await system.admin.export({ dataset: 'users', format: 'csv' })).rowCount
    const cut = await system.admin.export({ dataset: 'users', format: 'csv', limit: total - 1 })
    expect(cut).toMatchObject({ rowCount: total - 1, truncated: true })
    const whole = await system.admin.export({ dataset: 'users', format: 'csv', limit: total })
    expect(whole).toMatchObject({ rowCount: total, truncated: false })
  })
})

/** `…00.123456Z` to `…00.123457Z`. */
function nextMicrosecond(time: string): string {
  return time.replace(/(\d{6})Z$/, (_, digits: string) => `${String(Number(digits) + 1).padStart(6, '0')}Z`)
}
