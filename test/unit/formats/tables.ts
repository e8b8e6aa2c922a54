// Random tables, with cells in the form that Postgres prints, and with text that often breaks exporters.
import type { Cell, Column, ColumnKind, Row } from '@waybill/shared/vocabulary/table.ts'
import fc from 'fast-check'

export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
}

/** Text that has broken other exporters. */
const NASTY_TEXT = [
  '',
  ' ',
  '  both ends  ',
  '\n',
  '\r',
  'a\r\nb',
  '\t',
  '"',
  '""',
  ',',
  ';|\t,',
  '\u0001\u0008\u000b\u001f\u007f\u0085',
  '\ufeffbom',
  '\uffff\ufffe',
  '\u2028\u2029',
  '_x0041_',
  '_x005F_x0041_',
  '_x0041_x0042_',
  '_x0041\u0001',
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  "'=1",
  "''=1",
  '＝1',
  ' =1',
  'null',
  'true',
  '1e5',
  '007',
  '&amp;<b>]]>',
  'שלום עולם',
  '👩‍👩‍👧‍👦',
  'é',
  '\\.',
  '\\N',
]

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NASTY_TEXT) },
  { weight: 2, arbitrary: fc.string({ maxLength: 20 }) },
  // Postgres cannot store NUL in text.
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((s) => s.replaceAll('\0', '')) },
)

const digits = (max: number) =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: max })
    .map((s) => s.replace(/^0+(?=\d)/, ''))

const numeric = fc
  .tuple(
    fc.boolean(),
    digits(30),
    fc.option(fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 20 })),
  )
  .map(([minus, whole, fraction]) => {
    const magnitude = fraction === null ? whole : `${whole}.${fraction}`
    return minus && /[1-9]/.test(magnitude) ? `-${magnitude}` : magnitude
  })

/** A float8 in the form of Postgres, with at least two digits in the exponent: 1e+20, 1e-05. */
const float = fc.double().map((value) => String(value).replace(/e([+-])(\d)$/, 'e$10$2'))

const timestamp = fc
  .tuple(
    fc.date({ min: new Date('1900-03-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
    fc.integer({ min: 0, max: 999 }),
  )
  .map(([date, micros]) => date.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`))

const CELLS: Record<ColumnKind, fc.Arbitrary<string>> = {
  uuid: fc.uuid(),
  text,
  integer: fc.integer().map(String),
  bigint: fc
    .oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(0n, 2n ** 53n, 2n ** 53n + 1n, 10n ** 18n),
    )
    .map(String),
  float,
  numeric: fc.oneof(numeric, fc.constantFrom('NaN', 'Infinity', '-Infinity', '1.10', '0.00', '-12.5')),
  boolean: fc.boolean().map(String),
  timestamp,
  date: timestamp.map((instant) => instant.slice(0, 10)),
  json: fc.oneof(
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify(value, null, 2)),
  ),
}

const column = fc.record({
  name: fc.oneof(
    fc.constantFrom('id', '=head', 'a,b', 'a"b', '_x0041_', 'é'),
    fc.string({ minLength: 1, maxLength: 8 }),
  ),
  kind: fc.constantFrom(...(Object.keys(CELLS) as ColumnKind[])),
})

/** 1 to 5 columns with different names, and 0 to 8 rows. One in six cells is null. */
export const table: fc.Arbitrary<Table> = fc
  .uniqueArray(column, { minLength: 1, maxLength: 5, selector: ({ name }) => name })
  .chain((columns) => {
    const cells = columns.map(({ kind }): fc.Arbitrary<Cell> => fc.option(CELLS[kind], { freq: 6 }))
    const rows = fc.array(fc.tuple(...cells), { maxLength: 8 })
    return rows.map((all): Table => ({ columns, rows: all }))
  })
