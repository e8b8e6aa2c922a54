// Lists as CSV: the same fields as in JSON, safe in a spreadsheet, with the next page in a header.
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, createApiClient, type Json } from '../../setup/api/api-client.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
let exporter: ApiClient

/** The API stores the user agent of the client unchanged. */
const FORMULA = '=HYPERLINK("http://evil.example","a,b")'
const LISTS = ['/v1/exports?scope=all', '/v1/exports/history?scope=all', '/v1/audit?limit=200']

beforeAll(async () => {
  system = await startTestSystem()
  const { body } = await system.admin.post('/v1/api-keys', { name: 'lists', role: 'exporter' })
  exporter = createApiClient(system.url, body.key)
  const filters = { externalGameId: 'a "quoted", game', dateFrom: '2026-01-01' }
  await exporter.export({ dataset: 'user-points', format: 'csv', filters, limit: 10 })
  await exporter.export({ dataset: 'users', format: 'json' })
  await exporter.export({ dataset: 'users', format: 'ndjson', compression: 'gzip' })
  await exporter.post('/v1/exports/preview', { dataset: 'users', format: 'csv' }, { 'User-Agent': FORMULA })
})
afterAll(() => system.stop())

const CSV = { Accept: 'text/csv' }
const rowsOf = (text: string): Record<string, string>[] => parse(text, { columns: true })

/** The expected CSV of one field of the JSON. */
function cellOf(value: Json): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'object') return JSON.stringify(value)
  const text = String(value)
  return typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}

describe.each(LISTS)('GET %s', (path) => {
  it('has the same fields and values in CSV as in JSON', async () => {
    const json = await system.admin.get(path)
    const csv = await system.admin.get(path, CSV)
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const items: Json[] = Array.isArray(json.body) ? json.body : json.body.items
    expect(items.length).toBeGreaterThanOrEqual(3)
    const rows = rowsOf(csv.body)
    expect(rows).toHaveLength(items.length)
    for (const [index, item] of items.entries()) {
      const row = rows[index] ?? {}
      expect(Object.keys(row)).toEqual(expect.arrayContaining(Object.keys(item)))
      expect(row).toEqual(Object.fromEntries(Object.keys(row).map((name) => [name, cellOf(item[name])])))
    }
  })

  it('answers JSON unless CSV is preferred, and the parameter wins over Accept', async () => {
    const typeOf = async (query: string, headers = {}) => {
      const answer = await system.admin.get(`${path}${query}`, headers)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('vary')).toMatch(/\bAccept\b/)
      return answer.headers.get('content-type')?.split(';')[0]
    }
    expect(await typeOf('')).toBe('application/json')
    expect(await typeOf('', { Accept: 'image/png' })).toBe('application/json')
    expect(await typeOf('', { Accept: 'text/csv;q=0.5, application/json' })).toBe('application/json')
    expect(await typeOf('', { Accept: 'text/csv, */*;q=0.1' })).toBe('text/csv')
    expect(await typeOf('&format=csv')).toBe('text/csv')
    expect(await typeOf('&format=csv', { Accept: 'application/json' })).toBe('text/csv')
    expect(await typeOf('&format=json', CSV)).toBe('application/json')
    expectProblem(await system.admin.get(`${path}&format=xml`), 422, 'VALIDATION_FAILED')
  })
})

it('quotes cells, and marks text that a spreadsheet would run as a formula', async () => {
  const { body } = await system.admin.get('/v1/audit?type=export.previewed&format=csv')
  expect(body).toContain(`"'=HYPERLINK(""http://evil.example"",""a,b"")"`)
  expect(rowsOf(body)[0]).toMatchObject({ userAgent: `'${FORMULA}` })
  const list = await exporter.get('/v1/exports?dataset=user-points', CSV)
  expect(JSON.parse(rowsOf(list.body)[0]?.filters ?? '')).toMatchObject({ externalGameId: 'a "quoted", game' })
})

it.each(['/v1/exports?scope=all&limit=1', '/v1/audit?limit=2'])('leads from page to page: %s', async (path) => {
  const all = rowsOf((await system.admin.get(path.replace(/limit=\d/, 'limit=200'), CSV)).body)
  const seen: string[] = []
  let next: string | undefined = `${path}&format=csv`
  while (next !== undefined) {
    const page: Json = await system.admin.get(next)
    expect(page.status).toBe(200)
    seen.push(...rowsOf(page.body).map(({ id }) => String(id)))
    const link: string | null = page.headers.get('link')
    next = link === null ? undefined : /^<(\/[^>]+)>; rel="next"$/.exec(link)?.[1]
    if (link !== null) expect(next).toContain('format=csv')
  }
  expect(seen).toEqual(all.map(({ id }) => id))
})

it('has its header also without rows, and another ETag than the JSON', async () => {
  const path = '/v1/exports?dataset=no-such-dataset'
  const csv = await exporter.get(path, CSV)
  expect(csv.body).toMatch(/^id,dataset,format,[\w,]+\r\n$/)
  const json = await exporter.get(path)
  expect(json.headers.get('etag')).not.toBe(csv.headers.get('etag'))
  const known = { 'If-None-Match': String(csv.headers.get('etag')) }
  expect((await exporter.get(path, { ...CSV, ...known })).status).toBe(304)
  expect((await exporter.get(path, known)).status).toBe(200)
})
