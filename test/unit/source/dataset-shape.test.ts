// An invalid declaration of a dataset is rejected at the start, and each mistake is reported with its path.

import { GAME_DATASETS } from '@waybill/shared/datasets/index.ts'
import { datasetFaults } from '@waybill/shared/own-datasets/shape.ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { datasets as shop } from '../../../examples/shop/datasets.ts'

const column = { kind: 'uuid', sql: 't.id' }
const filter = { description: 'One of them.', schema: z.string(), sql: () => 'true' }
const dataset = {
  name: 'things',
  title: 'Things',
  columns: { id: column },
  from: 'things t',
  filters: {},
  orderBy: ['t.id'],
}

it.each([...GAME_DATASETS, ...shop])('$name has no fault', (declared) => {
  expect(datasetFaults(declared)).toEqual([])
})

describe('the name of a dataset becomes a part of file names, headers and keys:', () => {
  it.each([
    '../../users',
    'a/b',
    'a\\b',
    'a\r\nSet-Cookie: b',
    'a"b',
    '.',
    '',
    'Users',
    '=cmd',
    'a'.repeat(64),
    'ü',
    7,
  ])('%j is refused', (name) => {
    expect(datasetFaults({ ...dataset, name })).toEqual([expect.stringMatching(/^name must /)])
  })

  it('accepts letters, digits and dashes', () => {
    expect(datasetFaults({ ...dataset, name: 'wallet-transactions-2' })).toEqual([])
  })
})

describe('a column', () => {
  it.each(['', ' id', 'id ', 'a\nb', 'a\u0000b', 'x'.repeat(101), '\ud800'])('named %j is refused', (name) => {
    const faults = datasetFaults({ ...dataset, columns: { [name]: column } })
    expect(faults).toEqual([expect.stringContaining('the name must be 1 to 100 characters')])
  })

  it('named by a number is refused, because objects sort such keys first', () => {
    expect(datasetFaults({ ...dataset, columns: { id: column, 2026: column } })).toEqual([
      'column "2026": the name must not be a number',
    ])
  })

  it.each(['Größe', 'Total (EUR)', 'a.b', '=1'])('named %j is accepted', (name) => {
    expect(datasetFaults({ ...dataset, columns: { [name]: column } })).toEqual([])
  })
})

it('reports every mistake at once, each with its path', () => {
  const faults = datasetFaults({
    name: 'things',
    columns: { total: { kind: 'money', sql: ' ' }, net: { kind: 'numeric', sql: 'n', format: '0.00' } },
    from: 'things t',
    filters: { state: { ...filter, schema: /open/, sql: 't.state' }, 'min-total': filter },
    orderBy: [],
    order: 't.id',
  })
  expect(faults).toEqual([
    'title must be text',
    expect.stringMatching(/^column "total": kind must be one of uuid, .*, json, not "money"$/),
    'column "total": sql must not be empty',
    'column "net": "format" is not a field of a column',
    'filter "state": schema must be a zod 4 schema',
    'filter "state": sql must be a function (value, bind) => condition',
    expect.stringMatching(/^filter "min-total": the name must match /),
    'orderBy must not be empty: the order of rows would be undefined',
    '"order" is not a field of a dataset',
  ])
})

it.each([[null], [undefined], [7], ['orders'], [[]]])('%j is no dataset', (declared) => {
  expect(datasetFaults(declared)).toEqual([expect.stringMatching(/^must be a dataset, not /)])
})

it('refuses a dataset without columns', () => {
  expect(datasetFaults({ ...dataset, columns: {} })).toEqual([
    'columns must not be empty: a file needs at least one column',
  ])
})
