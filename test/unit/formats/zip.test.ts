// The zip archive of a workbook: its sizes, offsets and checksums are correct.
import { randomBytes } from 'node:crypto'
import { type ZipEntry, zip } from '@waybill/shared/formats/xlsx/zip.ts'
import { describe, expect, test } from 'vitest'
import { collect } from './encoding.ts'
import { readZip } from './read-zip.ts'

const { signal } = new AbortController()

async function* entries(files: Readonly<Record<string, Buffer>>): AsyncGenerator<ZipEntry, void, void> {
  for (const [name, bytes] of Object.entries(files)) yield { name, content: inPieces(bytes) }
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000)
}

const FILES = {
  'random.bin': randomBytes(3_000_000),
  'empty.bin': Buffer.alloc(0),
  'xl/zeros.bin': Buffer.alloc(5_000_000),
}

describe('an archive', () => {
  test('reads back every file, with correct sizes and checksums in all three places', async () => {
    const read = readZip(await collect(zip(entries(FILES), signal)))
    expect([...read.keys()]).toEqual(Object.keys(FILES))
    for (const [name, bytes] of Object.entries(FILES)) expect(read.get(name)?.equals(bytes), name).toBe(true)
  })

  test.each([
    ['starts just below 4 GiB', 2 ** 32 - 1000],
    ['starts beyond 4 GiB', 2 ** 32],
    ['starts beyond 16 GiB', 2 ** 34 + 7],
  ])('that %s still finds its files', async (_, start) => {
    const read = readZip(await collect(zip(entries(FILES), signal, start)), start)
    for (const [name, bytes] of Object.entries(FILES)) expect(read.get(name)?.equals(bytes), name).toBe(true)
  })

  test('is identical for the same content at any time', async () => {
    const [one, two] = await Promise.all([collect(zip(entries(FILES), signal)), collect(zip(entries(FILES), signal))])
    expect(one.equals(two)).toBe(true)
  })
})
