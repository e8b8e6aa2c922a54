// Datasets of an operator in a file outside of this repository: exported like the others, and rejected when faulty.
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { FORMAT_NAMES } from '@waybill/shared/vocabulary/export.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { datasets as examples } from '../../examples/shop/datasets.ts'
import { readFilters } from '../../packages/client/src/cli/arguments/filters.ts'
import { type ApiClient, createApiClient } from '../setup/api/api-client.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../setup/database.ts'
import { killAll, type Process, startProcess } from '../setup/processes.ts'
import { createShop, type Shop } from '../setup/shop.ts'
import { ADMIN_KEY, testSettings } from '../setup/system.ts'
import { READERS } from '../unit/formats/readers.ts'

let database: TestDatabase
let shop: Shop
let directory: string
let module: string
let env: Record<string, string>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-own-datasets-'))
  module = join(directory, 'my datasets.ts')
  const example = await readFile(new URL('../../examples/shop/datasets.ts', import.meta.url), 'utf8')
  await writeFile(module, example)
  ;[database, shop] = await Promise.all([createTestDatabase(), createShop()])
  env = { ...testSettings(database, 'postgres'), SOURCE_DATABASE_URL: shop.url, LOG_LEVEL: 'info' }
  expect(await startProcess('migrate', env).ended).toBe(0)
})
afterAll(async () => {
  await Promise.all([database.drop(), shop.drop(), rm(directory, { recursive: true, force: true })])
})

/** Writes a module next to the valid one. @returns its path */
async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  return path
}

/** Starts a process with a faulty module. @returns its output */
async function refusal(name: 'api' | 'worker' | 'dataset:check', DATASETS: string, settings = {}): Promise<string> {
  const { ended, output } = startProcess(name, { ...env, DATASETS, ...settings })
  expect(await ended).toBe(1)
  expect(output.stderr).not.toMatch(/\n\s+at /)
  return output.stderr + (name === 'dataset:check' ? output.stdout : '')
}

/** A process that loads modules like the programs: it reads one path per line, and writes one result per line. */
function startLoader() {
  const program = `import { createInterface } from 'node:readline'
    import { loadDatasets } from '@waybill/shared/own-datasets/module.ts'
    for await (const path of createInterface(process.stdin)) {
      const said = await loadDatasets({ DATASETS: path, GAME_DATASETS: true }).then(() => 'loaded', (e) => e.message)
      console.log(JSON.stringify(said))
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    async load(path: string): Promise<string> {
      child.stdin.write(`${path}\n`)
      return JSON.parse((await lines.next()).value ?? '"the process ended"')
    },
    stop: () => child.stdin.end(),
  }
}

describe('api and worker with datasets of a shop', () => {
  const processes: Process[] = []
  let client: ApiClient

  beforeAll(async () => {
    const own = { ...env, DATASETS: module, GAME_DATASETS: 'false' }
    const [api, worker] = [startProcess('api', own), startProcess('worker', own)]
    processes.push(api, worker)
    const [{ port }] = await Promise.all([api.logged('api listens'), worker.logged('worker started')])
    client = createApiClient(`http://127.0.0.1:${port}`, ADMIN_KEY)
    while ((await client.get('/v1/me')).status !== 200) await sleep(20)
  })
  afterAll(async () => {
    for (const { kill } of processes) kill('SIGTERM')
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0])
  })

  it('list these, and none of GAME', async () => {
    const { items } = (await client.get('/v1/datasets')).body
    expect(items.map(({ name }: { name: string }) => name)).toEqual(['orders', 'customers', 'audit'])
    const filters = items[0].filters.map(({ name }: { name: string }) => name)
    expect(filters).toEqual(['dateFrom', 'dateTo', 'customerEmail', 'states', 'minTotal'])
  })

  it.each(FORMAT_NAMES)('export every cell as %s', async (format) => {
    const done = await client.export({ dataset: 'orders', format })
    expect(done).toMatchObject({ status: 'completed', rowCount: 1000 })
    const columns = Object.entries(examples[0]?.columns ?? {}).map(([name, { kind }]) => ({ name, kind }))
    const response = await fetch(done.download.url)
    const { rows } = READERS[format].read(Buffer.from(await response.arrayBuffer()), columns)
    const expected = await withClient(shop.url, (sql) =>
      sql.query<(string | null)[]>({
        text: `SELECT id::text, to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
          (SELECT email FROM customers WHERE customers.id = orders.customer), state::text, total::text,
          round(total / 1.22, 2)::text, items::text FROM orders ORDER BY placed_at, id`,
        rowMode: 'array',
      }),
    )
    const cells = expected.rows.map((row) =>
      row.map((cell, i) => (cell === null ? null : READERS[format].expected(columns[i]?.kind ?? 'text', cell))),
    )
    expect(rows).toEqual(cells)
  })

  it.each([
    [{ states: ['paid', 'shipped'] }, 500],
    [{ states: ['paid'], minTotal: 12_000 }, 7],
    [{ customerEmail: 'customer7@example.com', dateTo: '2026-01-31' }, 4],
  ])('apply the filters that the module declares: %j', async (filters, rowCount) => {
    expect(await client.export({ dataset: 'orders', format: 'csv', filters })).toMatchObject({ rowCount })
  })

  it('accept every filter on the command line, also lists', async () => {
    const { body } = await client.get('/v1/datasets')
    const orders = body.items.find(({ name }: { name: string }) => name === 'orders')
    const typed = new Map([
      ['states', 'paid,shipped'],
      ['min-total', '12000'],
    ])
    const filters = readFilters(orders, { pairs: [], flags: typed }, [])
    expect(filters).toEqual({ states: ['paid', 'shipped'], minTotal: 12_000 })
    expect((await client.post('/v1/exports/preview', { dataset: 'orders', format: 'csv', filters })).status).toBe(200)
  })

  it('reject a value that the schema of the module rejects, with its path', async () => {
    const filters = { states: ['lost'], minTotal: -1 }
    const { status, body } = await client.post('/v1/exports', { dataset: 'orders', format: 'csv', filters })
    expect(status).toBe(422)
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual(['filters.states[0]', 'filters.minTotal'])
  })
})

describe('a process does not start with a faulty module', () => {
  const loader = startLoader()
  afterEach(killAll)
  afterAll(() => loader.stop())

  it('that has wrong fields: every one is reported', async () => {
    const path = await write(
      'shape.ts',
      `import { defineDataset } from 'waybill/datasets'
       const base = { name: 'orders', title: 'Orders', from: 'orders o', filters: {}, orderBy: ['o.id'] }
       export const datasets = [
         defineDataset({ ...base, columns: { total: { kind: 'money', sql: 'o.total' } } }),
         defineDataset({ ...base, title: '', columns: {} }),
       ]`,
    )
    const said = await refusal('api', path)
    expect(said).toContain(`The datasets of ${path} cannot be used:\n`)
    expect(said).toMatch(/^ {2}dataset "orders": column "total": kind must be one of .*, not "money"$/m)
    expect(said).toMatch(/^ {2}dataset "orders": title must not be empty$/m)
    expect(said).toMatch(/^ {2}dataset "orders": columns must not be empty/m)
    expect(said).toMatch(/^ {2}dataset "orders": another dataset in this list has the same name$/m)
  })

  it.each(['worker', 'dataset:check'] as const)('whose SQL the source rejects: %s', async (name) => {
    const example = await readFile(module, 'utf8')
    const path = await write('sql.ts', example.replace(`'o.total'`, `'o.totl'`).replace(`'c.born_on'`, `'c.email'`))
    const said = await refusal(name, path, { GAME_DATASETS: 'false' })
    expect(said).toContain(path)
    expect(said).toMatch(/orders.*\s+.*column "total": column o\.totl does not exist/)
    expect(said).toMatch(/customers.*\s+.*column "born_on": its kind is date, but its SQL returns text/)
  })

  it.each([
    ['is not there', undefined, 'it was not found, neither as the file'],
    ['exports something else', 'export const orders = []', 'it must export a list "datasets", but it exports orders'],
    ['is no TypeScript', 'export const datasets = [', /SyntaxError: .*\.ts:1\)/],
    ['has syntax that Node cannot strip', 'enum A { b }\nexport const datasets = []', 'enum is not supported'],
    ['imports what is not there', `import 'no-such-package'\nexport const datasets = []`, `'no-such-package'`],
    ['throws', '\nexport const datasets = [missing()]', /ReferenceError: missing is not defined .*\.ts:2/],
    [
      'would stand in for the trail',
      `export const datasets = [{ name: 'audit' }]`,
      /"audit": the name belongs to a built-in dataset/,
    ],
  ])('that %s', async (name, text, message) => {
    const path = join(directory, `${name}.ts`)
    if (text !== undefined) await writeFile(path, text)
    expect(await loader.load(path)).toMatch(message)
  })

  it('that leaves no dataset', async () => {
    expect(await refusal('worker', '', { GAME_DATASETS: 'false' })).toContain('GAME_DATASETS')
  })
})

it('a process starts while the source is unavailable', async () => {
  const withoutSource = { ...env, DATASETS: module, SOURCE_DATABASE_URL: 'postgres://a:b@127.0.0.1:1/none' }
  const api = startProcess('api', withoutSource)
  await api.logged('the source is unavailable: its datasets will be checked later')
  await api.logged('api listens')
  api.kill('SIGTERM')
  expect(await api.ended).toBe(0)
})

describe('npm run dataset:check', () => {
  it('reports each valid dataset with only the source and the module set', async () => {
    const { ended, output } = startProcess('dataset:check', {
      SOURCE_DATABASE_URL: shop.url,
      DATASETS: module,
      GAME_DATASETS: 'false',
    })
    expect([await ended, output.stderr]).toEqual([0, ''])
    expect(output.stdout).toBe(`ok      orders (${module}): 7 columns, 5 filters
ok      customers (${module}): 5 columns, 2 filters
`)
  })

  it('accepts a package and a path relative to the working directory', async () => {
    const home = join(directory, 'node_modules', 'shop-datasets')
    await mkdir(home, { recursive: true })
    await writeFile(join(home, 'package.json'), '{"name":"shop-datasets","type":"module","exports":"./index.js"}')
    await writeFile(
      join(home, 'index.js'),
      `import { dateFilters, defineDataset } from 'waybill/datasets'
       const columns = { id: { kind: 'uuid', sql: 'id' } }
       const declare = (name) =>
         defineDataset({ name, title: 'C', columns, from: 'customers', filters: dateFilters('joined_at'), orderBy: ['id'] })
       export const datasets = [declare('customers')]`,
    )
    for (const DATASETS of ['shop-datasets', './my datasets.ts']) {
      const settings = { SOURCE_DATABASE_URL: shop.url, GAME_DATASETS: 'false', DATASETS }
      const { ended, output } = startProcess('dataset:check', settings, { cwd: directory })
      expect([await ended, output.stderr]).toEqual([0, ''])
      expect(output.stdout).toContain(`customers (${DATASETS})`)
    }
  })

  it('replaces a dataset of GAME with the same name, and names the setting when the tables of GAME are missing', async () => {
    const example = await readFile(module, 'utf8')
    const path = await write('users.ts', example.replace(`name: 'customers'`, `name: 'users'`))
    const said = await refusal('dataset:check', path)
    expect(said.match(/^.* users \(.*$/gm)).toEqual([`ok      users (${path}): 5 columns, 2 filters`])
    expect(said).toMatch(/^FAULTY {2}user-points \(comes with Waybill\)/m)
    expect(said).toContain('set GAME_DATASETS=false')
  })

  it('reports an order that is not unique', async () => {
    const example = await readFile(module, 'utf8')
    const path = await write('order.ts', example.replace(`['o.placed_at', 'o.id']`, `['o.state']`))
    const said = await refusal('dataset:check', path, { GAME_DATASETS: 'false' })
    expect(said).toContain('orderBy: 996 of 1000 rows have the same sort key as another row')
  })

  it('reports that the source does not answer', async () => {
    const said = await refusal('dataset:check', module, { SOURCE_DATABASE_URL: 'postgres://a:b@127.0.0.1:1/none' })
    expect(said).toContain('The source database does not answer')
  })
})
