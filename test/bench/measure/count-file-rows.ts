// Counts the rows of an exported file, without code of the encoders.
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createInflateRaw } from 'node:zlib'
import type { FormatChoice } from '../options.ts'

type Chunks = AsyncIterable<Uint8Array>

/** The number of rows without the header. @throws Error if the file is not valid */
export function countFileRows(file: string, { format, compression }: FormatChoice): Promise<number> {
  if (format === 'xlsx') return countXlsxRows(file)
  const bytes = createReadStream(file, { highWaterMark: CHUNK })
  const count = (chunks: Chunks) =>
    format === 'csv' ? countCsvRows(chunks) : countJsonObjects(chunks, format === 'json' ? 1 : 0)
  if (compression === 'none') return count(bytes)
  return pipeline(bytes, createGunzip({ chunkSize: CHUNK }), count)
}

const CHUNK = 1 << 20

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LINE_FEED = 0x0a
const OPENING = new Set([0x7b, 0x5b])
const CLOSING = new Set([0x7d, 0x5d])

/** Counts line ends outside of quotes, without that of the header. A doubled quote ends and starts a field, so it has no effect. */
async function countCsvRows(chunks: Chunks): Promise<number> {
  let lines = 0
  let quoted = false
  for await (const chunk of chunks) {
    for (const byte of chunk) {
      if (byte === QUOTE) quoted = !quoted
      else if (byte === LINE_FEED && !quoted) lines++
    }
  }
  if (quoted) throw new Error('the csv ends within quotes')
  return lines - 1
}

/** Counts objects and arrays that start at this depth: 0 in ndjson, 1 in the array of json. */
async function countJsonObjects(chunks: Chunks, rowDepth: number): Promise<number> {
  let objects = 0
  let depth = 0
  let inString = false
  let escaped = false
  for await (const chunk of chunks) {
    for (const byte of chunk) {
      if (inString) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) inString = false
      } else if (byte === QUOTE) inString = true
      else if (OPENING.has(byte)) {
        if (depth === rowDepth) objects++
        depth++
      } else if (CLOSING.has(byte)) depth--
    }
  }
  if (depth !== 0 || inString) throw new Error('the JSON ends within a value')
  return objects
}

const CENTRAL_HEADER = 0x02014b50
const END_OF_DIRECTORY = 0x06054b50
const END_LENGTH = 22
const ROW_START = Buffer.from('<row ')

/** Counts the `<row>` elements of all sheets, without the headers. In cells, `<` is escaped, so the count is exact. */
async function countXlsxRows(file: string): Promise<number> {
  const handle = await open(file)
  try {
    let rows = 0
    for (const { name, offset, compressedSize } of await readDirectory(handle)) {
      if (!/^xl\/worksheets\/sheet\d+\.xml$/.test(name)) continue
      const local = await readAt(handle, offset, 30)
      const start = offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
      rows += (await countOccurrences(file, start, compressedSize)) - 1
    }
    return rows
  } finally {
    await handle.close()
  }
}

interface Entry {
  readonly name: string
  readonly offset: number
  readonly compressedSize: number
}

async function readDirectory(handle: FileHandle): Promise<Entry[]> {
  const { size } = await handle.stat()
  const end = await readAt(handle, size - END_LENGTH, END_LENGTH)
  if (end.readUInt32LE(0) !== END_OF_DIRECTORY) throw new Error('the xlsx does not end as a zip archive does')
  const directory = await readAt(handle, end.readUInt32LE(16), end.readUInt32LE(12))
  const entries: Entry[] = []
  for (let at = 0; at < directory.length; ) {
    if (directory.readUInt32LE(at) !== CENTRAL_HEADER) throw new Error('the directory of the xlsx is broken')
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28)
    entries.push({
      name: directory.toString('latin1', at + 46, nameEnd),
      offset: directory.readUInt32LE(at + 42),
      compressedSize: directory.readUInt32LE(at + 20),
    })
    at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return entries
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  if (bytesRead !== length) throw new Error('the file is shorter than it says')
  return buffer
}

async function countOccurrences(file: string, start: number, length: number): Promise<number> {
  const compressed = createReadStream(file, { start, end: start + length - 1, highWaterMark: CHUNK })
  return pipeline(compressed, createInflateRaw({ chunkSize: CHUNK }), async (chunks: Chunks) => {
    let count = 0
    let rest: Uint8Array = new Uint8Array()
    for await (const chunk of chunks) {
      const xml = Buffer.concat([rest, chunk])
      for (let at = xml.indexOf(ROW_START); at !== -1; at = xml.indexOf(ROW_START, at + 1)) count++
      // The start of an element may be split between two chunks.
      rest = xml.subarray(Math.max(0, xml.length - ROW_START.length + 1))
    }
    return count
  })
}
