// The contract of every format, with and without gzip, that the worker and the storage rely on.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EncodeContext } from '@waybill/shared/formats/format.ts'
import { gzip } from '@waybill/shared/formats/gzip.ts'
import { FORMATS } from '@waybill/shared/formats/index.ts'
import { FORMAT_NAMES, type FormatName } from '@waybill/shared/vocabulary/export.ts'
import type { Column, RowChunks } from '@waybill/shared/vocabulary/table.ts'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chunksOf, collect, contextWith, copyLine, encode } from '../unit/formats/encoding.ts'
import { READERS } from '../unit/formats/readers.ts'
import { table } from '../unit/formats/tables.ts'

const COLUMNS: readonly Column[] = [
  { name: 'id', kind: 'uuid' },
  { name: 'note', kind: 'text' },
]

/** More than zlib and the buffers can hold: 100 rows of 10,000 random characters, 1 MB. */
function heavyChunk(): Uint8Array {
  return Buffer.from(
    Array.from({ length: 100 }, (_, i) => copyLine([String(i), randomBytes(5000).toString('hex')])).join(''),
  )
}

/** A source that counts its chunks and records whether it was closed. */
function watched(read: (chunk: number) => Promise<Uint8Array | undefined>) {
  const state = { pulled: 0, closed: false }
  async function* source(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (let number = 0; ; number++) {
        const chunk = await read(number)
        if (chunk === undefined) return
        state.pulled++
        yield chunk
      }
    } finally {
      // Like a query that the server has canceled.
      await sleep(5)
      state.closed = true
    }
  }
  return { state, rows: source() }
}

const endless = () => watched(async () => heavyChunk())

const leftBehind: unknown[] = []
const remember = (error: unknown) => leftBehind.push(error)
beforeEach(() => {
  leftBehind.length = 0
  process.on('unhandledRejection', remember)
})
afterEach(async () => {
  await sleep(1)
  process.off('unhandledRejection', remember)
  expect(leftBehind, 'no failure without a listener').toEqual([])
})

type Bytes = AsyncIterable<Uint8Array>
const ways = FORMAT_NAMES.flatMap((name) => {
  const plain = (rows: RowChunks, context: EncodeContext): Bytes => FORMATS[name].encode(COLUMNS, rows, context)
  const zipped = (rows: RowChunks, context: EncodeContext): Bytes => gzip(plain(rows, context), context.signal)
  return FORMATS[name].compressible
    ? [
        { way: name, open: plain },
        { way: `${name} through gzip`, open: zipped },
      ]
    : [{ way: name, open: plain }]
})

describe.each(ways)('$way', ({ open }) => {
  test('a slow consumer stops the reading of the source', async () => {
    const { state, rows } = endless()
    const bytes = open(rows, contextWith().context)[Symbol.asyncIterator]()
    let taken = 0
    for (let chunks = 0; chunks < 20; chunks++) taken += (await bytes.next()).value?.length ?? 0
    // Waits until the reading stops while the consumer takes nothing.
    for (let before = -1; state.pulled !== before; await sleep(500)) before = state.pulled
    // gzip and zip compress hexadecimal digits to half of their size.
    expect(state.pulled, 'megabytes read for those taken').toBeLessThanOrEqual(2.2 * (taken / 1e6) + 4)
    await bytes.return?.()
  })

  test('closes the source when the consumer stops early', async () => {
    const { state, rows } = endless()
    for await (const chunk of open(rows, contextWith().context)) {
      expect(chunk.length).toBeGreaterThan(0)
      if (state.pulled >= 2) break
    }
    expect(state.closed).toBe(true)
  })

  test('passes an error of the source on, and does not complete the file', async () => {
    const broken = new Error('connection lost')
    const { state, rows } = watched(async (chunk) => {
      if (chunk === 3) throw broken
      return heavyChunk()
    })
    await expect(collect(open(rows, contextWith().context))).rejects.toBe(broken)
    expect(state.closed).toBe(true)
  })

  test('an error while the consumer is busy is delivered later, without an unhandled rejection', async () => {
    const broken = new Error('server closed the connection')
    const { rows } = watched(async (chunk) => {
      if (chunk === 1) throw broken
      return heavyChunk()
    })
    const read = async () => {
      for await (const _ of open(rows, contextWith().context)) await sleep(2)
    }
    await expect(read()).rejects.toBe(broken)
  })

  test('an error before the first row does not become an empty file', async () => {
    const broken = new Error('no such table')
    const { rows } = watched(() => Promise.reject(broken))
    await expect(collect(open(rows, contextWith().context))).rejects.toBe(broken)
  })

  test('an abort ends the encoder while the source hangs', async () => {
    const abort = new AbortController()
    const { rows } = watched((chunk) => (chunk < 2 ? Promise.resolve(heavyChunk()) : new Promise(() => undefined)))
    const reason = new Error('canceled')
    setTimeout(() => abort.abort(reason), 20)
    await expect(collect(open(rows, contextWith({}, abort.signal).context))).rejects.toBe(reason)
  })

  test('an abort while the consumer is busy ends it at the next chunk and closes the source', async () => {
    const abort = new AbortController()
    const { state, rows } = endless()
    const bytes = open(rows, contextWith({}, abort.signal).context)[Symbol.asyncIterator]()
    while (state.pulled === 0) await bytes.next()
    const reason = new Error('lost the lease')
    abort.abort(reason)
    const drain = async () => {
      while (!(await bytes.next()).done);
    }
    await expect(drain()).rejects.toBe(reason)
    await sleep(30)
    expect(state.closed).toBe(true)
  })

  test('reads nothing when it was aborted before the start', async () => {
    const { state, rows } = endless()
    const reason = new Error('too late')
    await expect(collect(open(rows, contextWith({}, AbortSignal.abort(reason)).context))).rejects.toBe(reason)
    expect(state.pulled).toBe(0)
  })

  test('a hundred exports leave no listener on the signal of the worker', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    for (let i = 0; i < 100; i++) await collect(open(chunksOf([['1', 'a']]), contextWith({}, signal).context))
    expect(listeners).toBe(0)
  })
})

describe.each(FORMAT_NAMES)('%s', (name: FormatName) => {
  const format = FORMATS[name]
  const reader = READERS[name]

  test('an export without rows is a valid file, with column names where the format has them', async () => {
    const { bytes, warnings } = await encode(format, COLUMNS, [])
    const { header, rows } = reader.read(bytes, COLUMNS)
    expect(rows).toEqual([])
    if (header !== undefined) expect(header).toEqual(['id', 'note'])
    expect(warnings.size).toBe(0)
  })

  test('every cell reads back as docs/formats.md specifies', async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, rows }) => {
        const { bytes } = await encode(format, columns, rows)
        const read = reader.read(bytes, columns)
        if (read.header !== undefined) expect(read.header).toEqual(columns.map((column) => column.name))
        const expected = rows.map((row) =>
          columns.map(({ kind }, i) => {
            const cell = row[i] ?? null
            return cell === null ? null : reader.expected(kind, cell)
          }),
        )
        expect(read.rows).toEqual(expected)
      }),
      { numRuns: 400 },
    )
  })

  test('the file does not depend on the chunk boundaries', async () => {
    const rows = Array.from({ length: 257 }, (_, i) => [i % 5 === 0 ? null : String(i), `nöte\t\\ ${i}`])
    const files = [1, 16, 65_536].map((size) =>
      collect(format.encode(COLUMNS, chunksOf(rows, size), contextWith().context)),
    )
    const [one, sixteen, all] = await Promise.all(files)
    expect(sixteen?.equals(one ?? Buffer.alloc(0))).toBe(true)
    expect(all?.equals(one ?? Buffer.alloc(0))).toBe(true)
  })

  test('two concurrent exports do not affect each other', async () => {
    const rows = (note: string) => Array.from({ length: 500 }, (_, i) => [String(i), note])
    const alone = await encode(format, COLUMNS, rows('a'))
    const [together] = await Promise.all([encode(format, COLUMNS, rows('a')), encode(format, COLUMNS, rows('b'))])
    expect(together.bytes.equals(alone.bytes)).toBe(true)
  })
})
