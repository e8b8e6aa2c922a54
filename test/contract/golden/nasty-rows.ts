// The tables of the golden test: values that have broken other exporters, created with SQL in a real Postgres.
import { type Dataset, defineDataset } from '@waybill/shared/datasets/dataset.ts'
import type { ColumnKind } from '@waybill/shared/vocabulary/table.ts'

/** SQL expressions for text values. */
const TEXTS = [
  'NULL',
  `''`,
  `' '`,
  `'  both ends  '`,
  `E'\\n'`,
  `E'\\r'`,
  `E'a\\r\\nb'`,
  `E'\\t'`,
  `'"'`,
  `'""'`,
  `'he said "no"'`,
  `','`,
  `';'`,
  `'|'`,
  `E';|\\t,'`,
  `E'\\x01\\x02\\x08\\x0b\\x0c\\x0e\\x1b\\x1f\\x7f'`,
  `U&'\\0085\\00a0\\2028\\2029'`,
  `U&'\\feffbom'`,
  `U&'a\\feffb'`,
  `U&'\\ffff\\fffe'`,
  `U&'\\fffd\\200b'`,
  `'_x0041_'`,
  `'_x005F_x0041_'`,
  `'_x0041_x0042_'`,
  `'_x00'`,
  `'_'`,
  `'=1+1'`,
  `'+1'`,
  `'-1'`,
  `'@SUM(A1)'`,
  `'''=1'`,
  `''''`,
  `U&'\\ff1d1'`,
  `U&'\\ff0b1'`,
  `U&'\\ff0d1'`,
  `U&'\\ff201'`,
  `U&'\\ff1c1'`,
  `' =1'`,
  `E'\\t=1'`,
  `E'\\r=1'`,
  `E'\\n=1'`,
  `E'=1,"x"\\n'`,
  `'null'`,
  `'true'`,
  `'1e5'`,
  `'007'`,
  `'&amp;<b>]]></b>'`,
  `'<'`,
  `'שלום עולם'`,
  `'👩‍👩‍👧‍👦'`,
  `'é'`,
  `'日本語テキスト'`,
  `'\\.'`,
  `'\\N'`,
  `'\\'`,
  `'\\\\'`,
  `'\\n'`,
  `E'\\\\\\n'`,
  `'a\\tb'`,
  `E'tab\\tin the middle'`,
  `repeat('x', 1000)`,
  `repeat('é"', 500)`,
  `repeat(E'\\\\', 500)`,
  `repeat(E'line\\n', 200)`,
  `'https://example.com/?a=1&b=2'`,
]

const NUMBERS = [
  'NULL',
  '0',
  '1',
  '-1',
  '1.10',
  '0.00',
  '-0.0',
  '0.1',
  '123456789012345',
  '1234567890123456',
  '-123456789012345',
  '9007199254740992',
  '9007199254740993',
  '0.12345678901234567890',
  '123456789012345678901234567890.123456789012345678901234567890',
  '100000000000000000000',
  '1000000000000000000000000000000',
  '0.000000000000000000000000000001',
  `'NaN'`,
  `'Infinity'`,
  `'-Infinity'`,
  `('1' || repeat('0', 307))`,
  `('1' || repeat('0', 308))`,
  `('1' || repeat('0', 400))`,
  `('0.' || repeat('0', 306) || '1')`,
  `('0.' || repeat('0', 330) || '1')`,
  `('1.' || repeat('0', 2000))`,
  `(repeat('9', 2000) || '.5')`,
]

const INTEGERS = ['NULL', '0', '-1', '2147483647', '-2147483648', '42', '7']
const BIGINTS = [
  'NULL',
  '0',
  '9223372036854775807',
  `'-9223372036854775808'`,
  '9007199254740992',
  '9007199254740993',
  '999999999999999',
  '1000000000000000',
  '1000000000000000000',
  '-5',
]
const FLOATS = [
  'NULL',
  `'NaN'`,
  `'Infinity'`,
  `'-Infinity'`,
  '0.1',
  `'-0'`,
  '0.30000000000000004',
  '5e-324',
  '1.7976931348623157e308',
  '1e20',
  '1e-5',
  '1e15',
  '123456.789',
  '-12.5',
  '2.2251e-308',
  '9.99999999999999e307',
]
const TIMESTAMPS = [
  'NULL',
  '2026-05-01 12:00:00.123456',
  '2026-05-01 12:00:00.1',
  '2026-05-01 12:00:00',
  '2026-05-01 12:00:00.000001',
  '1890-01-01 00:00:00',
  '1899-12-31 23:59:59.999999',
  '1900-02-28 23:59:59.999',
  '1900-03-01 00:00:00',
  '1900-03-01 00:00:00.0005',
  '9999-12-31 23:59:59.999999',
  '10000-01-01 00:00:00.000001',
  '294276-12-31 23:59:59.999999',
  '0044-03-15 12:00:00 BC',
  '0001-12-31 23:59:59.5 BC',
  '4714-11-24 00:00:00 BC',
  '0001-01-01 00:00:00',
  '2024-02-29 13:14:15.16',
  'infinity',
  '-infinity',
]
const JSONS = [
  'NULL',
  `'null'`,
  `'{}'`,
  `'[]'`,
  `'""'`,
  `'{"a": 12345678901234567890.12345678901234567890, "b": "\\u00e9"}'`,
  `E'{\\r\\n  "a": [\\n    1,\\n    "x\\\\ny"\\n  ]\\n}'`,
  `'{"q":"say \\"hi\\"","back":"\\\\\\\\","tab":"\\t"}'`,
  `'"=1+1"'`,
  `'-5'`,
  `'"𝄞 and é"'`,
  `'[1e5, 1.10, true, null]'`,
  `'{"html":"<a href=\\"x\\">&amp;</a>"}'`,
]
const OTHERS = [
  'NULL',
  `'10.0.0.1'::inet::text`,
  `'10.0.0.0/8'::cidr::text`,
  `'ab'::char(5)::text`,
  `'\\xdeadbeef00'::bytea::text`,
  `ARRAY['a,b', 'c"d', NULL]::text`,
  `interval '1 year 2 days 03:04:05.6'::text`,
  `'$1,234.50'::text`,
  `'<a>1</a>'::xml::text`,
]
const ROWS = 200

const pick = (list: readonly string[], index: number) => list[index % list.length] ?? 'NULL'
const instant = (text: string, type: string) => (text === 'NULL' ? 'NULL' : `'${text}'::${type}`)

/** One INSERT of many rows. The lists have different lengths, so that their values occur in many combinations. */
function nastyRows(): string {
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const ts = pick(TIMESTAMPS, i)
    const day = ts.replace(/ \d\d:\d\d:\d\d(\.\d+)?/, '')
    const zoned = /^\d/.test(ts) ? (ts.endsWith(' BC') ? ts.replace(' BC', '+00 BC') : `${ts}+00`) : ts
    return `(${[
      i,
      `(${pick(TEXTS, i)})::text`,
      `(${pick(TEXTS, i * 7 + 3)})::text`,
      `(${pick(OTHERS, i)})::text`,
      i % 9 === 4 ? 'NULL' : `md5('${i}')::uuid`,
      `(${pick(INTEGERS, i)})::int4`,
      `(${pick(BIGINTS, i)})::int8`,
      `(${pick(FLOATS, i)})::float8`,
      i % 5 === 0 ? 'NULL' : `(${i} / 3.0)::float4`,
      `(${pick(NUMBERS, i)})::numeric`,
      ['NULL', 'true', 'false'][i % 3],
      instant(zoned, 'timestamptz'),
      instant(ts, 'timestamp'),
      instant(day, 'date'),
      `(${pick(JSONS, i)})::json`,
      `(${pick(JSONS, i + 5)})::jsonb`,
    ].join(', ')})`
  })
  return rows.join(',\n')
}

export const SCHEMA_SQL = `
  CREATE TABLE nasty (n int, words text, more text, other text, id uuid, small int4, large int8, f8 float8, f4 float4,
    exact numeric, flag boolean, at timestamptz, at_local timestamp, day date, js json, jsb jsonb);
  INSERT INTO nasty VALUES ${nastyRows()};
  CREATE TABLE long_cells (n int, before text, cell text, after text);
  INSERT INTO long_cells VALUES
    (1, 'a', repeat('x', 32767), 'z'), (2, 'a', repeat('x', 32768), 'z'),
    (3, 'a', repeat('x', 32766) || '👍', NULL), (4, 'a', repeat('x', 32765) || '👍', 'z'), (5, '', repeat('é', 40000), ''),
    (6, 'a', repeat('日', 32767), 'z'), (7, 'a', '=' || repeat('"', 70000), 'z'), (8, NULL, repeat('x', 200000), 'z'),
    (9, 'a', repeat('x', 65535), 'z'), (10, 'a', repeat('x', 65536), 'z'), (11, 'a', repeat('x', 65537) || ',', 'z'),
    (12, 'a', repeat(E'\\\\', 100000), 'z'), (13, 'a', repeat(E'\\n', 100000), E'\\n'),
    (14, 'a', repeat('some words, "quoted" & <tagged> ', 40000), 'z'), (15, 'a', repeat('_x0041_', 10000), 'z'),
    (16, '=', repeat('{"a":"b\\n"}', 30000) , '-'), (17, 'a', repeat(chr(1), 33000), 'z'), (18, 'last', 'short', 'cells');
  CREATE TABLE many (n int, at timestamptz, words text, amount numeric, js jsonb);
  INSERT INTO many SELECT i, timestamptz '2026-01-01Z' + i * interval '1.7 seconds' + (i % 3) * interval '1 microsecond',
      CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'a "b" ' || i WHEN 3 THEN E'line\\n' || i WHEN 4 THEN '=' || i
        ELSE 'plain words of row ' || i END,
      i / 7.0, jsonb_build_object('i', i, 's', repeat('y', i % 50)) FROM generate_series(1, 20000) i;
`

const NASTY_COLUMNS: Dataset['columns'] = {
  n: { kind: 'integer', sql: 't.n' },
  words: { kind: 'text', sql: 't.words' },
  more: { kind: 'text', sql: 't.more' },
  other: { kind: 'text', sql: 't.other' },
  inet: { kind: 'text', sql: `('10.0.0.' || t.n)::inet` },
  padded: { kind: 'text', sql: `('p' || t.n)::char(6)` },
  id: { kind: 'uuid', sql: 't.id' },
  small: { kind: 'integer', sql: 't.small' },
  large: { kind: 'bigint', sql: 't.large' },
  large_as_numeric: { kind: 'numeric', sql: 't.large' },
  f8: { kind: 'float', sql: 't.f8' },
  f4: { kind: 'float', sql: 't.f4' },
  exact: { kind: 'numeric', sql: 't.exact' },
  exact_as_text: { kind: 'text', sql: 't.exact' },
  flag: { kind: 'boolean', sql: 't.flag' },
  flag_as_text: { kind: 'text', sql: 't.flag' },
  at: { kind: 'timestamp', sql: 't.at' },
  at_local: { kind: 'timestamp', sql: 't.at_local' },
  at_as_text: { kind: 'text', sql: 't.at' },
  day: { kind: 'date', sql: 't.day' },
  js: { kind: 'json', sql: 't.js' },
  jsb: { kind: 'json', sql: 't.jsb' },
}

const dataset = (name: string, columns: Dataset['columns'], from: string) =>
  defineDataset({ name, title: name, columns, from, filters: {}, orderBy: ['t.n'] })

const KINDS: readonly ColumnKind[] = ['integer', 'text', 'bigint', 'numeric', 'float']

/** By name. Each table is exported with every format and option. */
export const TABLES: readonly Dataset[] = [
  dataset('every-kind', NASTY_COLUMNS, 'nasty t'),
  dataset('one-column', { words: { kind: 'text', sql: 't.words' } }, 'nasty t'),
  dataset('no-rows', NASTY_COLUMNS, 'nasty t WHERE t.n < 0'),
  dataset(
    'nasty-names',
    {
      '=head': { kind: 'text', sql: 't.words' },
      'a,b': { kind: 'integer', sql: 't.n' },
      'a"b': { kind: 'text', sql: 't.more' },
      _x0041_: { kind: 'text', sql: `'c'` },
      "'quoted'": { kind: 'date', sql: 't.day' },
      '<é&日本語>': { kind: 'boolean', sql: 't.flag' },
      [`long${'g'.repeat(90)}`]: { kind: 'uuid', sql: 't.id' },
    },
    'nasty t WHERE t.n < 20',
  ),
  dataset(
    'wide',
    Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [
        `column ${i}`,
        { kind: KINDS[i % KINDS.length] ?? 'text', sql: i % 11 === 5 ? 'NULL::int' : `(t.n * ${i})::int` },
      ]),
    ),
    'nasty t WHERE t.n < 30',
  ),
  dataset(
    'long-cells',
    {
      before: { kind: 'text', sql: 't.before' },
      cell: { kind: 'text', sql: 't.cell' },
      after: { kind: 'text', sql: 't.after' },
    },
    'long_cells t',
  ),
  dataset(
    'many-rows',
    {
      n: { kind: 'integer', sql: 't.n' },
      at: { kind: 'timestamp', sql: 't.at' },
      words: { kind: 'text', sql: 't.words' },
      amount: { kind: 'numeric', sql: 't.amount' },
      js: { kind: 'json', sql: 't.js' },
    },
    'many t',
  ),
]
