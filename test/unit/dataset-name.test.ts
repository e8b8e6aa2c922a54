// A dataset's name becomes a part of file names, headers and keys: nothing that could lead out of them is a name.
import { defineDataset } from '@waybill/shared/datasets/dataset.ts'
import { expect, it } from 'vitest'

const declare = (name: string) =>
  defineDataset({
    name,
    title: 'Things',
    columns: { id: { kind: 'uuid', sql: 't.id' } },
    from: 'things t',
    filters: {},
    orderBy: ['t.id'],
  })

it.each(['../users', 'a/b', 'a\\b', 'a\r\nSet-Cookie: b', 'a"b', '.', '', 'Users', '=cmd', 'a'.repeat(64), 'ü'])(
  '%j is refused where it is declared',
  (name) => {
    expect(() => declare(name)).toThrow('the name must match')
  },
)

it('letters, digits and dashes are fine', () => {
  expect(declare('wallet-transactions-2').name).toBe('wallet-transactions-2')
})
