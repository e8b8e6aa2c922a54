// The check of datasets against the source database: it names each fault with its path, and reads no rows.
import { randomBytes } from 'node:crypto'
import { type Dataset, defineFilter } from '@waybill/shared/datasets/dataset.ts'
import { checkDatasets, checkOrder } from '@waybill/shared/own-datasets/check.ts'
import { SourceUnavailableError } from '@waybill/shared/own-datasets/probe.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { datasets as examples } from '../../../examples/shop/datasets.ts'
import { withClient } from '../../setup/database.ts'
import { createShop, type Shop } from '../../setup/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await createShop()
})
afterAll(() => shop.drop())

const [orders] = examples
if (orders === undefined) throw new Error('the example has no datasets')

/** The faults of the example dataset `orders` with some parts replaced. */
const faultsOf = async (parts: Partial<Dataset>) =>
  (await checkDatasets(shop.url, [{ ...orders, ...parts }])).get('orders') ?? []

it('the example has no error', async () => {
  expect(await checkDatasets(shop.url, examples)).toEqual(new Map())
})

describe('names the part of the dataset that the source rejects:', () => {
  it('only the wrong columns', async () => {
    const columns: Dataset['columns'] = {
      ...orders.columns,
      total: { kind: 'numeric', sql: 'o.totl' },
      net: { kind: 'numeric', sql: 'round(o.total / 1.22, 2' },
    }
    expect(await faultsOf({ columns })).toEqual([
      'column "total": column o.totl does not exist (Perhaps you meant to reference the column "o.total".)',
      expect.stringMatching(/^column "net": syntax error /),
    ])
  })

  it('the table', async () => {
    expect(await faultsOf({ from: 'oders o' })).toEqual(['from: relation "oders" does not exist'])
  })

  it('the order', async () => {
    expect(await faultsOf({ orderBy: ['o.placed_at', 'o.no'] })).toEqual(['orderBy[1]: column o.no does not exist'])
  })

  it('a filter', async () => {
    const state = defineFilter({ description: 'x', schema: z.enum(['lost']), sql: (s, bind) => `o.stat = ${bind(s)}` })
    expect(await faultsOf({ filters: { state } })).toEqual([expect.stringMatching(/^filter "state": column o\.stat /)])
  })

  it('several datasets and several parts of each, all at once', async () => {
    const broken = { ...orders, columns: { a: { kind: 'text', sql: 'o.a' } }, orderBy: ['o.b'] } as const
    const faults = await checkDatasets(shop.url, [broken, { ...broken, name: 'more' }])
    expect([...faults.keys()]).toEqual(['orders', 'more'])
    expect(faults.get('more')).toEqual([
      'column "a": column o.a does not exist',
      'orderBy[0]: column o.b does not exist',
    ])
  })
})

describe('rejects a column whose kind does not fit its type:', () => {
  it.each([
    ['integer', 'o.total', 'numeric', 'numeric or text'],
    ['integer', 'o.id', 'bigint', 'bigint or numeric or text'],
    ['json', `'no json'`, 'text', 'text'],
    ['uuid', 'c.email', 'text', 'text'],
    ['date', 'o.placed_at', 'timestamp with time zone', 'timestamp or text'],
    ['numeric', 'o.total::float8', 'double precision', 'float or text'],
  ] as const)('%s for %s', async (kind, sql, type, kinds) => {
    expect(await faultsOf({ columns: { id: { kind: 'bigint', sql: 'o.id' }, x: { kind, sql } } })).toEqual([
      `column "x": its kind is ${kind}, but its SQL returns ${type}: use ${kinds}, or a cast`,
    ])
  })

  it.each(['o.state', 'o.placed_at', 'now() - o.placed_at', 'ARRAY[1, 2]', 'NULL'])('%s may be text', async (sql) => {
    expect(await faultsOf({ columns: { x: { kind: 'text', sql } } })).toEqual([])
  })
})

describe('a filter', () => {
  it('is rejected when it writes its value into the SQL', async () => {
    const email = defineFilter({ description: 'x', schema: z.string(), sql: (value) => `c.email = '${value}'` })
    expect(await faultsOf({ filters: { email } })).toEqual([
      expect.stringMatching(/^filter "email": .* pass it to bind/),
    ])
  })

  it('is rejected when its value changes in JSON', async () => {
    const since = { description: 'x', schema: z.coerce.date(), sql: () => 'true' }
    // biome-ignore lint/suspicious/noExplicitAny: a module in plain JavaScript is not type-checked.
    expect(await faultsOf({ filters: { since: since as any } })).toEqual([
      'filter "since": its schema returns a value that JSON changes',
    ])
  })

  it('is rejected when it throws', async () => {
    const state = defineFilter({
      description: 'x',
      schema: z.literal('open'),
      sql: () => {
        throw new Error('not finished')
      },
    })
    expect(await faultsOf({ filters: { state } })).toEqual(['filter "state": its sql fails for "open": not finished'])
  })

  it('is tested with the example of its schema when no usual value fits', async () => {
    const sku = (schema: z.ZodType<string>) =>
      defineFilter({ description: 'x', schema, sql: (value, bind) => `o.sku = ${bind(value)}` })
    const schema = z.string().regex(/^[A-Z]-\d+$/)
    expect(await faultsOf({ filters: { sku: sku(schema) } })).toEqual([])
    expect(await faultsOf({ filters: { sku: sku(schema.meta({ examples: ['A-1'] })) } })).toEqual([
      'filter "sku": column o.sku does not exist',
    ])
  })
})

it('rejects a dataset of two statements', async () => {
  expect(await faultsOf({ from: 'orders o; DROP TABLE orders; SELECT 1' })).toEqual([expect.stringMatching(/^from: /)])
})

it('names a table without SELECT permission, without reading a row', async () => {
  const role = `blind_${randomBytes(4).toString('hex')}`
  await withClient(shop.url, (client) => client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'blind'`))
  try {
    const url = new URL(shop.url)
    url.username = role
    url.password = 'blind'
    const faults = await checkDatasets(url.href, examples)
    expect(faults.get('orders')).toEqual(['from: permission denied for table orders'])
  } finally {
    await withClient(shop.url, (client) => client.query(`DROP ROLE ${role}`))
  }
})

it.each([
  ['does not answer', (url: URL) => Object.assign(url, { port: '1' })],
  ['rejects the login', (url: URL) => Object.assign(url, { username: 'unknown', password: 'wrong' })],
  ['has no such database', (url: URL) => Object.assign(url, { pathname: '/none' })],
])('a source that %s is not reported as a fault of a dataset', async (_, change) => {
  await expect(checkDatasets(change(new URL(shop.url)).href, examples)).rejects.toThrow(SourceUnavailableError)
})

it('a locked table is not an error of the dataset', async () => {
  await withClient(shop.url, async (client) => {
    await client.query('BEGIN; LOCK TABLE orders')
    await expect(checkDatasets(shop.url, examples)).rejects.toThrow(SourceUnavailableError)
  })
})

describe('the order of the rows', () => {
  it('is rejected when it is not unique', async () => {
    expect(await checkOrder(shop.url, { ...orders, orderBy: ['o.state'] })).toEqual([
      'orderBy: 996 of 1000 rows have the same sort key as another row; add a unique column',
    ])
    expect(await checkOrder(shop.url, orders)).toEqual([])
  })

  it('is reported as unchecked when a row cannot be read', async () => {
    const faulty = { ...orders, orderBy: ['1 / (o.id - 9007199254740991)'] }
    expect(await checkOrder(shop.url, faulty)).toEqual(['a row cannot be read: division by zero'])
  })
})
