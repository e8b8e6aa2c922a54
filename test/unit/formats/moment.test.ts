// Timestamps and dates: from the form of Postgres to a form of RFC 3339 that also sorts correctly as text.
import { readRows } from '@waybill/shared/formats/rows.ts'
import { COLUMN_KINDS, type ColumnKind } from '@waybill/shared/vocabulary/table.ts'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chunksOf } from './encoding.ts'

/** The cell for this text of Postgres. */
async function cellOf(kind: ColumnKind, printed: string) {
  const [row] = await readRows([{ name: 'c', kind }], chunksOf([[printed]]))
  return row?.[0]
}

it.each([
  ['2026-05-01 12:00:00+00', '2026-05-01T12:00:00.000000Z'],
  ['2026-05-01 12:00:00', '2026-05-01T12:00:00.000000Z'],
  ['2026-05-01 12:00:00.1+00', '2026-05-01T12:00:00.100000Z'],
  ['2026-05-01 12:00:00.123456', '2026-05-01T12:00:00.123456Z'],
  ['2026-05-01 12:00:00.000001+00', '2026-05-01T12:00:00.000001Z'],
  ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00.000000Z'],
  ['294276-12-31 23:59:59.999999+00', '294276-12-31T23:59:59.999999Z'],
  ['0001-12-31 23:59:59.5+00 BC', '0000-12-31T23:59:59.500000Z'],
  ['0044-03-15 12:00:00+00 BC', '-0043-03-15T12:00:00.000000Z'],
  ['4714-11-24 00:00:00 BC', '-4713-11-24T00:00:00.000000Z'],
  ['infinity', 'infinity'],
  ['-infinity', '-infinity'],
])('timestamp %s is %s', async (printed, cell) => {
  expect(await cellOf('timestamp', printed)).toBe(cell)
})

it.each([
  ['2026-05-01', '2026-05-01'],
  ['10000-01-01', '10000-01-01'],
  ['0001-06-01 BC', '0000-06-01'],
  ['0044-03-15 BC', '-0043-03-15'],
  ['infinity', 'infinity'],
])('date %s is %s', async (printed, cell) => {
  expect(await cellOf('date', printed)).toBe(cell)
})

it('any timestamp is rewritten to the same instant', async () => {
  const moment = fc.date({ min: new Date('0001-01-01Z'), max: new Date('9999-12-31Z'), noInvalidDate: true })
  await fc.assert(
    fc.asyncProperty(moment, fc.nat(999), async (date, micros) => {
      const [day, time] = date.toISOString().slice(0, 19).split('T')
      const fraction = date.toISOString().slice(20, 23) + String(micros).padStart(3, '0')
      const printed = Number(fraction) === 0 ? '' : `.${fraction.replace(/0+$/, '')}` // Postgres drops these zeros too.
      expect(await cellOf('timestamp', `${day} ${time}${printed}+00`)).toBe(`${day}T${time}.${fraction}Z`)
    }),
  )
})

it('other text is not rewritten', async () => {
  const printed = '2026-05-01 12:00:00.1+00'
  for (const kind of COLUMN_KINDS) {
    expect(await cellOf(kind, printed), kind).toBe(
      kind === 'timestamp' || kind === 'date' ? '2026-05-01T12:00:00.100000Z' : printed,
    )
  }
})

it.each([
  'infinity',
  '',
  'BC',
  ' BC',
  '2026',
  '2026-05',
  '2026-05-01T12:00:00.000001Z',
  '2026-05-01 12:00',
  '2026-05-01 12:00:00+02',
  '2026-05-01 12:00:00.1234567',
  'x'.repeat(100),
])('text that is no moment as Postgres prints one stays as it is: %j', async (text) => {
  expect(await cellOf('timestamp', text)).toBe(text)
})
