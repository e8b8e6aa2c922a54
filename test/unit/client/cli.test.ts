// How the command line parses arguments, and its messages for invalid ones.
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defineCommand } from '../../../packages/client/src/cli/arguments/command.ts'
import { readDate } from '../../../packages/client/src/cli/arguments/dates.ts'
import { readFilters, sayValues, shortestFlag } from '../../../packages/client/src/cli/arguments/filters.ts'
import { readArguments } from '../../../packages/client/src/cli/arguments/read-arguments.ts'
import { editDistance } from '../../../packages/client/src/cli/arguments/suggest.ts'
import { COMMANDS, findCommand, SECTIONS } from '../../../packages/client/src/cli/commands.ts'
import { EXIT_CODES, exitCodeOf } from '../../../packages/client/src/cli/exit-codes.ts'
import { quote } from '../../../packages/client/src/cli/fetch-file.ts'
import { helpOf, helpOfAll } from '../../../packages/client/src/cli/help.ts'
import type { Output } from '../../../packages/client/src/cli/terminal/output.ts'
import { createProgress } from '../../../packages/client/src/cli/terminal/progress.ts'
import { sayBytes, sayDuration, sayWait } from '../../../packages/client/src/cli/terminal/wording.ts'
import { VERSION } from '../../../packages/client/src/cli/version.ts'
import type { Dataset, Export } from '../../../packages/client/src/index.ts'
import { WaybillError } from '../../../packages/client/src/index.ts'

const TRY = defineCommand({
  name: 'try',
  summary: 'Try it',
  arguments: [{ name: 'NAME', description: 'a name' }],
  flags: {
    format: { type: 'text', short: 'f', value: 'FORMAT', choices: ['csv', 'xlsx'], description: '' },
    filter: { type: 'texts', value: 'A=B', description: '' },
    force: { type: 'switch', description: '' },
  },
  examples: [],
  run: async () => undefined,
})
const read = (...words: string[]) => readArguments(TRY, words)
const readFiltering = (...words: string[]) => readArguments({ ...TRY, takesFilters: true }, words)

describe('flags and arguments', () => {
  it('are parsed in any order, short and long, once and several times', () => {
    expect(read('-f', 'csv', 'users', '--filter', 'a=1', '--force', '--filter=b=2')).toMatchObject({
      arguments: ['users'],
      flags: { format: 'csv', force: true, filter: ['a=1', 'b=2'] },
    })
    expect(read('users')).toMatchObject({ flags: { format: undefined, force: false, filter: [] } })
    expect(read('--', '--force').arguments).toEqual(['--force'])
  })

  it('keeps undeclared flags as filters of the dataset', () => {
    const { others, arguments: words } = readFiltering('users', '--game', 'game-1', '--to=2026-01-01', '--force')
    expect([...others]).toEqual([
      ['game', 'game-1'],
      ['to', '2026-01-01'],
    ])
    expect(words).toEqual(['users'])
  })

  it.each([
    [['users', '--formt', 'csv'], /unknown flag --formt for "waybill try"\. Did you mean --format\?/],
    [['users', '-x'], /unknown flag -x/],
    [['users', '--format', 'pdf'], /--format must be one of csv, xlsx, not "pdf"/],
    [['users', '--format', 'xls'], /Did you mean xlsx\?/],
    [['users', '--format'], /--format needs a value: --format FORMAT/],
    [['users', '--format', '--force'], /--format needs a value/],
    [['users', '--force=yes'], /--force takes no value/],
    [[], /needs NAME: a name/],
    [['users', 'more'], /unexpected argument "more"/],
  ])('rejects %j with the reason', (words, says) => {
    expect(() => read(...words)).toThrow(says)
  })

  it('rejects a filter that was given twice', () => {
    expect(() => readFiltering('users', '--game', 'a', '--game', 'b')).toThrow('twice')
  })

  it('requires no arguments with --help', () => {
    expect(read('--help').globals.help).toBe(true)
  })
})

describe('commands', () => {
  it('are found by one word and by two words', () => {
    expect(findCommand(['keys', 'create', 'x'])).toMatchObject({ command: { name: 'keys create' }, rest: ['x'] })
    expect(findCommand(['keys', '--json'])).toMatchObject({ command: { name: 'keys' }, rest: ['--json'] })
  })

  it.each([
    [['exprot'], 'Did you mean waybill export?'],
    [['keys', 'creat'], 'Did you mean waybill keys create?'],
    [['x'], 'unknown command "x".'],
  ])('rejects the unknown command %j', (words, says) => {
    expect(() => findCommand(words)).toThrow(says)
  })

  it('have a help with valid examples, in lines of at most 100 characters', () => {
    for (const command of COMMANDS) {
      const help = helpOf(command)
      for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
      expect(command.examples.length, command.name).toBeGreaterThan(0)
      for (const { line } of command.examples) {
        const [, typed = ''] = /waybill ([^|&)<>]+)/.exec(line) ?? []
        const { command: found, rest } = findCommand(typed.trim().split(' '))
        expect(found.name, line).toBe(command.name)
        expect(() => readArguments(found, rest), line).not.toThrow()
      }
    }
    expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length)
    for (const { name } of COMMANDS) expect(helpOfAll(SECTIONS)).toContain(`  ${name} `)
  })
})

const DATASET: Dataset = {
  name: 'user-points',
  title: 'User points',
  columns: [],
  formats: ['csv'],
  maxRows: 1,
  filters: [
    { name: 'dateFrom', description: '', schema: { anyOf: [{ format: 'date-time' }, { format: 'date' }] } },
    { name: 'dateTo', description: '', schema: { anyOf: [{ format: 'date-time' }, { format: 'date' }] } },
    { name: 'externalGameId', description: '', schema: { type: 'string' } },
    { name: 'externalTaskId', description: '', schema: { type: 'string' } },
    { name: 'minimum', description: '', schema: { type: 'integer' } },
    { name: 'active', description: '', schema: { type: 'boolean' } },
    // The filter of examples/shop/datasets.ts in the form of GET /v1/datasets.
    {
      name: 'states',
      description: '',
      schema: { type: 'array', minItems: 1, items: { type: 'string', enum: ['open', 'paid', 'shipped', 'returned'] } },
    },
    { name: 'levels', description: '', schema: { type: 'array', items: { type: 'integer' } } },
  ],
}
const filters = (flags: Record<string, string>, pairs: string[] = []) =>
  readFilters(DATASET, { pairs, flags: new Map(Object.entries(flags)) }, ['format'])

describe('filters', () => {
  it('are flags: the full name, or a word that no other filter contains', () => {
    expect(filters({ from: '2026-01-01', game: 'game-1', 'external-task-id': 'to' })).toEqual({
      dateFrom: '2026-01-01',
      externalGameId: 'game-1',
      externalTaskId: 'to',
    })
    expect(filters({}, ['externalGameId=a=b'])).toEqual({ externalGameId: 'a=b' })
    expect(filters({ minimum: '-5', active: 'true' })).toEqual({ minimum: -5, active: true })
    const shown = DATASET.filters.map(({ name }) => shortestFlag(DATASET, name))
    expect(shown).toEqual(['--from', '--to', '--game', '--task', '--minimum', '--active', '--states', '--levels'])
  })

  it('with a list of values are separated by commas, or given several times', () => {
    expect(filters({ states: 'open' })).toEqual({ states: ['open'] })
    expect(filters({ states: 'open, paid', levels: '1,-2' })).toEqual({ states: ['open', 'paid'], levels: [1, -2] })
    expect(filters({ states: 'open' }, ['states=paid', 'states=shipped,returned'])).toEqual({
      states: ['open', 'paid', 'shipped', 'returned'],
    })
    expect(DATASET.filters.slice(-3).map(({ schema }) => sayValues(schema))).toEqual([
      '',
      'Any of open, paid, shipped, returned, separated by commas.',
      'Separate several values with commas.',
    ])
  })

  it.each<[Record<string, string>, string[], RegExp]>([
    [
      { states: 'open,piad' },
      [],
      /--states must be one of open, paid, shipped, returned, not "piad"\. Did you mean paid\?/,
    ],
    [{ states: 'open,' }, [], /--states must be a list separated by commas/],
    [{ levels: '1,few' }, [], /--levels must be a number/],
    [{ external: 'x' }, [], /neither a flag nor a filter of user-points/],
    [{ gmae: 'x' }, [], /Did you mean --game\?/],
    [{ minimum: 'few' }, [], /--minimum must be a number/],
    [{ active: 'yes' }, [], /--active must be true or false/],
    [{ formt: 'x' }, [], /Did you mean --format\?/],
    [{}, ['colour=red'], /user-points has no filter "colour"/],
    [{}, ['externalGameId'], /name=value/],
    [{ game: 'a' }, ['externalGameId=b'], /twice/],
  ])('rejects %j %j', (flags, pairs, says) => {
    expect(() => filters(flags, pairs)).toThrow(says)
  })
})

describe('dates', () => {
  const now = Date.parse('2026-03-01T12:34:56.789Z')
  it.each([
    ['2026-01-31', '2026-01-31'],
    ['2026-01-31T10:00:00.123456+02:00', '2026-01-31T10:00:00.123456+02:00'],
    ['1d', '2026-02-28T12:34:56Z'],
    ['12h', '2026-03-01T00:34:56Z'],
    ['2w', '2026-02-15T12:34:56Z'],
    ['today', '2026-03-01'],
    ['yesterday', '2026-02-28'],
  ])('%s is %s', (typed, meant) => {
    expect(readDate(typed, '--from', now)).toBe(meant)
  })

  it.each(['2026-02-30', '01/02/2026', '30', '1y', '', 'now', '2026-01-01T10:00:00'])('rejects %j', (typed) => {
    expect(() => readDate(typed, '--from', now)).toThrow(/--from/)
  })
})

it('the edit distance counts inserted, deleted, replaced and swapped letters', () => {
  expect([
    editDistance('export', 'exprot'),
    editDistance('list', 'lst'),
    editDistance('get', 'got'),
    editDistance('a', 'abc'),
  ]).toEqual([1, 1, 1, 2])
  const word = fc.stringMatching(/^[a-c]{0,6}$/)
  fc.assert(
    fc.property(
      word,
      word,
      (a, b) => editDistance(a, b) === editDistance(b, a) && (editDistance(a, b) === 0) === (a === b),
    ),
  )
})

it('sizes and durations are readable', () => {
  expect([0, 999, 1_000, 9_949, 9_951, 999_499, 999_500, 1.25e9].map(sayBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '9.9 kB',
    '10 kB',
    '999 kB',
    '1.0 MB',
    '1.3 GB',
  ])
  expect([0, 59_400, 60_000, 3_723_000].map(sayDuration)).toEqual(['0:00', '0:59', '1:00', '1:02:03'])
})

describe('progress', () => {
  const running = (rows: number) =>
    ({ status: 'running', progress: { rows, bytes: 0, estimatedRows: 10_000, percent: rows / 100 } }) as Export

  function draw(isTTY: boolean) {
    let time = 0
    let text = ''
    const write = (piece: string) => {
      text += piece
      return true
    }
    const stream = { isTTY, columns: 60, write }
    const progress = createProgress({ progress: stream } as unknown as Output, () => time)
    return { progress, text: () => text, pass: (ms: number) => (time += ms) }
  }

  it('shows the rate and the time left, in a line as wide as the terminal', () => {
    const { progress, text, pass } = draw(true)
    for (const rows of [0, 1_000, 2_000]) {
      progress.export(running(rows))
      pass(1_000)
    }
    const whole = `${'█'.repeat(5)}${'░'.repeat(19)}  20 %, 2,000 rows, 1,000 rows/s, 0:08 left`
    expect(text().split('\r\u001b[2K').at(-1)).toBe(whole.slice(0, 59))
    progress.clear()
    expect(text().endsWith('\r\u001b[2K')).toBe(true)
  })

  it('prints a line every five seconds and one for each new state without a terminal', () => {
    const { progress, text, pass } = draw(false)
    progress.export({ ...running(0), status: 'queued' })
    for (let i = 0; i <= 60; i += 1) {
      progress.export(running(i * 100))
      pass(100)
    }
    progress.download(10, 10)
    expect(text().split('\n').slice(0, -1)).toEqual([
      'queued: waiting for a worker',
      '0 %, 0 rows',
      '50 %, 5,000 rows, 1,000 rows/s, 0:05 left',
      '100 %, 10 B of 10 B',
    ])
    expect(text()).not.toContain('\u001b')
  })

  it('shows the position in the queue', () => {
    const { progress, text, pass } = draw(false)
    for (const ahead of [1_200, 1, 0]) {
      progress.export({ ...running(0), status: 'queued', queue: { lane: 'small', ahead } })
      pass(5_000)
    }
    const lines = ['1,200 exports ahead', '1 export ahead', 'waiting for a worker']
    expect(text()).toBe(lines.map((line) => `queued: ${line}\n`).join(''))
  })

  it('shows what a queued export waits for, and when it is attempted again', () => {
    const found = { ...running(0), status: 'queued', nextAttemptAt: null } as const
    const later = '2026-11-24T12:01:30.000Z'
    const now = Date.parse('2026-11-24T12:00:00.000Z')
    expect([
      sayWait({ ...found, waitingFor: 'turn' }, now),
      sayWait({ ...found, waitingFor: 'retry', nextAttemptAt: later }, now),
      sayWait({ ...found, waitingFor: 'storage', nextAttemptAt: later }, now),
      sayWait({ ...found, waitingFor: 'storage', nextAttemptAt: later }, Date.parse(later)),
      sayWait({ ...found, waitingFor: 'source' }, now),
    ]).toEqual([
      'waiting for a worker',
      'the last attempt failed; next attempt in 1:30',
      'the object storage is unavailable; next attempt in 1:30',
      'the object storage is unavailable; next attempt in 0:01',
      'the source database is unavailable; it continues when it is available',
    ])
  })

  it('shows an empty file as complete', () => {
    const { progress, text } = draw(false)
    progress.download(0, 0)
    expect(text()).toBe('100 %, 0 B of 0 B\n')
  })
})

it('quotes a path for a shell', () => {
  expect([quote('a/b.csv'), quote("it's mine.csv")]).toEqual(['a/b.csv', `'it'\\''s mine.csv'`])
})

it('exit codes are documented', async () => {
  const docs = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
  for (const { code, meaning } of Object.values(EXIT_CODES)) expect(docs).toContain(`| ${code} | ${meaning} |`)
  const failed = new WaybillError('SOURCE_TIMEOUT', 'x', { export: { status: 'failed' } as Export })
  expect(exitCodeOf(failed)).toBe(EXIT_CODES.ended.code)
  expect(exitCodeOf(new WaybillError('DATABASE_UNAVAILABLE', 'x', { status: 503 }))).toBe(EXIT_CODES.unreachable.code)
  expect(exitCodeOf(new TypeError('a bug'))).toBe(EXIT_CODES.failed.code)
})

it('the version is that of package.json', async () => {
  const manifest = await readFile(new URL('../../../packages/client/package.json', import.meta.url), 'utf8')
  expect(JSON.parse(manifest).version).toBe(VERSION)
})
