// The command line of the benchmark: a typing error is rejected, and does not start another measurement.
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { parseOptions, UsageError } from '../../bench/options.ts'
import { WORKER_FLAGS, WORKER_MALLOC } from '../../bench/system/service.ts'

describe('the options of npm run bench', () => {
  test('measure every part on a million rows by default', () => {
    const options = parseOptions([])
    expect(options.rows).toBe(1_000_000)
    expect(options.memoryRows).toEqual([300_000, 5_000_000])
    expect([...options.parts]).toEqual(['speed', 'latency', 'memory', 'scale'])
    expect(options.formats.map(({ name }) => name)).toEqual(['csv', 'json', 'ndjson', 'xlsx', 'csv.gz'])
    expect(options.targets).toBe(true)
  })

  test('measure only the named parts', () => {
    expect([...parseOptions(['--memory']).parts]).toEqual(['memory'])
  })

  test('compress what ends in .gz', () => {
    expect(parseOptions(['--formats', 'csv, ndjson.gz']).formats).toEqual([
      { name: 'csv', format: 'csv', compression: 'none' },
      { name: 'ndjson.gz', format: 'ndjson', compression: 'gzip' },
    ])
  })

  test('order the sizes, as growth is of the last over the first', () => {
    expect(parseOptions(['--memory-rows', '3000000,20']).memoryRows).toEqual([20, 3_000_000])
  })

  test('pass settings on, including equals signs in their values', () => {
    expect(parseOptions(['--set', 'S3_PART_SIZE=8MiB', '--set', 'X=a=b']).settings).toEqual({
      S3_PART_SIZE: '8MiB',
      X: 'a=b',
    })
  })

  test.each([
    [['--rows', '0'], '--rows'],
    [['--rows', '1e6'], '--rows'],
    [['--rows'], '--rows'],
    [['--formats', 'csv,xls'], '"xls"'],
    [['--formats', 'xlsx.gz'], '"xlsx.gz"'],
    [['--queue', 'kafka'], '--queue'],
    [['--memory-rows', '10,'], '--memory-rows'],
    [['--set', 'part=8'], '--set'],
    [['--row', '10'], '--row'],
    [['csv'], 'csv'],
  ])('refuse %j, and say what about it', (args, named) => {
    expect(() => parseOptions(args)).toThrow(UsageError)
    expect(() => parseOptions(args)).toThrow(named)
  })
})

test('the worker is measured with the flags of npm run worker, compose and the documents', async () => {
  const read = (file: string) => readFile(new URL(`../../../${file}`, import.meta.url), 'utf8')
  const malloc = Object.entries(WORKER_MALLOC)
  const run = await read('scripts/run.mjs')
  expect(run).toContain(`: ['${WORKER_FLAGS.join("', '")}']`)
  expect(run).toContain(`{ ${malloc.map(([name, value]) => `${name}: '${value}'`).join(', ')} }`)
  const compose = await read('docker-compose.yml')
  expect(compose).toContain(`[node, ${WORKER_FLAGS.join(', ')}, apps/worker/src/main.ts]`)
  for (const [name, value] of malloc) expect(compose).toContain(`      ${name}: ${value}\n`)
  expect(await read('docs/operations.md')).toContain(
    `${malloc.map((pair) => pair.join('=')).join(' ')} node ${WORKER_FLAGS.join(' ')} apps/worker/src/main.ts`,
  )
})
