// Gzip compression: gives the whole file or an error, and leaves nothing running.
import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { gzip } from '@waybill/shared/formats/gzip.ts'
import { expect, test } from 'vitest'
import { collect } from './encoding.ts'

const { signal } = new AbortController()

async function* pieces(count: number, size: number): AsyncGenerator<Uint8Array, void, void> {
  for (let i = 0; i < count; i++) yield randomBytes(size)
}

test('decompresses to the input, in chunks independent of its size', async () => {
  const input = await collect(pieces(100, 70_000))
  async function* once() {
    yield input
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of gzip(once(), signal)) chunks.push(chunk)
  expect(gunzipSync(Buffer.concat(chunks)).equals(input)).toBe(true)
  expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(65_536)
})

test('empty input becomes a valid empty file', async () => {
  expect(gunzipSync(await collect(gzip(pieces(0, 0), signal))).length).toBe(0)
})

test('a failed file never ends with a valid trailer', async () => {
  async function* broken() {
    yield randomBytes(200_000)
    throw new Error('cut off')
  }
  const got: Uint8Array[] = []
  const read = async () => {
    for await (const chunk of gzip(broken(), signal)) got.push(chunk)
  }
  await expect(read()).rejects.toThrow('cut off')
  expect(() => gunzipSync(Buffer.concat(got))).toThrow()
})
