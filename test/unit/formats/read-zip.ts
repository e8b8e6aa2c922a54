// A strict reader of zip archives: the central directory and the local headers must agree.
import { strict as assert } from 'node:assert'
import { crc32, inflateRawSync } from 'node:zlib'

/**
 * The files of an archive by name. `base` is the offset of `archive` in the whole file, so that a test can read offsets
 * above 4 GiB without a file of that size.
 */
export function readZip(archive: Buffer, base = 0): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  assert(end >= 0 && end + 22 === archive.length, 'the end record is the last thing in the file')
  const { count, offset } = directoryAt(archive, end, base)

  const files = new Map<string, Buffer>()
  let at = offset - base
  for (let entry = 0; entry < count; entry++) {
    assert.equal(archive.toString('latin1', at, at + 4), 'PK\x01\x02', 'central header')
    const nameLength = archive.readUInt16LE(at + 28)
    const extraLength = archive.readUInt16LE(at + 30)
    const commentLength = archive.readUInt16LE(at + 32)
    const name = archive.toString('latin1', at + 46, at + 46 + nameLength)
    const extra = archive.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
    const size = archive.readUInt32LE(at + 24)
    const compressedSize = archive.readUInt32LE(at + 20)
    const crc = archive.readUInt32LE(at + 16)
    let local = archive.readUInt32LE(at + 42)
    if (local === 0xffffffff) {
      assert.equal(extra.readUInt16LE(0), 1, 'a far entry has the ZIP64 field')
      local = Number(extra.readBigUInt64LE(4))
    }
    assert(!files.has(name), `${name} is there once`)
    files.set(name, contentAt(archive, local - base, { name, size, compressedSize, crc }))
    at += 46 + nameLength + extraLength + commentLength
  }
  return files
}

function directoryAt(archive: Buffer, end: number, base: number): { count: number; offset: number } {
  const count = archive.readUInt16LE(end + 10)
  const offset = archive.readUInt32LE(end + 16)
  if (offset !== 0xffffffff) return { count, offset }
  const locator = end - 20
  assert.equal(archive.toString('latin1', locator, locator + 4), 'PK\x06\x07', 'ZIP64 locator')
  const zip64 = Number(archive.readBigUInt64LE(locator + 8)) - base
  assert.equal(archive.toString('latin1', zip64, zip64 + 4), 'PK\x06\x06', 'ZIP64 end record')
  return { count: Number(archive.readBigUInt64LE(zip64 + 32)), offset: Number(archive.readBigUInt64LE(zip64 + 48)) }
}

function contentAt(
  archive: Buffer,
  at: number,
  entry: { name: string; size: number; compressedSize: number; crc: number },
): Buffer {
  assert.equal(archive.toString('latin1', at, at + 4), 'PK\x03\x04', 'local header')
  const nameLength = archive.readUInt16LE(at + 26)
  assert.equal(archive.toString('latin1', at + 30, at + 30 + nameLength), entry.name)
  const start = at + 30 + nameLength + archive.readUInt16LE(at + 28)
  const content = inflateRawSync(archive.subarray(start, start + entry.compressedSize))
  assert.equal(content.length, entry.size, `size of ${entry.name}`)
  assert.equal(crc32(content), entry.crc, `checksum of ${entry.name}`)
  const descriptor = start + entry.compressedSize
  assert.equal(archive.toString('latin1', descriptor, descriptor + 4), 'PK\x07\x08', 'data descriptor')
  assert.equal(archive.readUInt32LE(descriptor + 4), entry.crc)
  assert.equal(archive.readUInt32LE(descriptor + 8), entry.compressedSize)
  assert.equal(archive.readUInt32LE(descriptor + 12), entry.size)
  return content
}
