// The operations on objects: put, get, head, delete.
import { closeSync, createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { validateHeaderValue } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { receiveFile, receiveXml } from '../body.ts'
import { answerXml, type Call } from '../call.ts'
import type { Checksum } from '../checksum.ts'
import type { ObjectInfo } from '../disk/bucket.ts'
import { S3Error, toS3Error } from '../errors.ts'
import { element, innerText, innerXml, text } from '../xml.ts'
import { isNotModified, isRangeWanted, readRange, writeCondition } from './conditions.ts'

const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]
const READ_BYTES = 256 * 1024
const MAX_DELETES = 1000

export async function putObject(call: Call): Promise<void> {
  const { bucket, key } = call
  const headers = keptHeaders(call)
  const condition = writeCondition(call)
  const path = bucket.temporaryPath()
  try {
    await using file = await open(path, 'wx', 0o600)
    const { size, md5, checksum } = await receiveFile(call, file, 0)
    const whole: Checksum | undefined = checksum && { ...checksum, type: 'FULL_OBJECT' }
    await bucket.publish(
      file,
      path,
      { key, size, etag: md5, modified: Date.now(), headers, checksum: whole },
      condition,
    )
    call.response.writeHead(200, { etag: `"${md5}"`, ...checksumHeaders(whole) }).end()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** The headers that are returned with the object. @throws if Node cannot send one of them */
export function keptHeaders(call: Call): Record<string, string> {
  const metadata = [...call.query.keys(), ...Object.keys(call.request.headers)].filter((name) =>
    /^x-amz-meta-/.test(name),
  )
  const headers: Record<string, string> = {}
  for (const name of [...KEPT_HEADERS, ...metadata]) {
    let value = call.header(name)
    if (name === 'content-encoding') value = value?.replace(/(^|,)\s*aws-chunked\s*(,|$)/, '').trim()
    if (value === undefined || value === '') continue
    validateHeaderValue(name, value)
    headers[name] = value
  }
  return headers
}

export async function getObject(call: Call): Promise<void> {
  const { request, response } = call
  const found = call.bucket.open(call.key)
  if (found === undefined) throw new S3Error('NoSuchKey')
  const { fd, info } = found
  let isStreaming = false
  try {
    const headers = answerHeaders(call, info)
    if (isNotModified(call, info)) return void response.writeHead(304, headers).end()
    const range = isRangeWanted(call, info) ? readRange(call.header('range'), info.size) : undefined
    const length = range === undefined ? info.size : range.end - range.start + 1
    response.writeHead(range === undefined ? 200 : 206, {
      'content-type': 'binary/octet-stream',
      ...headers,
      // The checksum is the one of the whole object.
      ...(range === undefined && call.header('x-amz-checksum-mode') === 'ENABLED'
        ? checksumHeaders(info.checksum)
        : {}),
      ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${info.size}` }),
      'content-length': length,
    })
    if (request.method === 'HEAD' || length === 0) return void response.end()
    isStreaming = true
    const { start, end } = range ?? { start: 0, end: info.size - 1 }
    await pipeline(createReadStream('', { fd, start, end, highWaterMark: READ_BYTES }), response)
  } catch (error) {
    if (error instanceof S3Error && error.code === 'InvalidRange') {
      response.setHeader('content-range', `bytes */${info.size}`)
    }
    throw error
  } finally {
    if (!isStreaming) closeSync(fd)
  }
}

function answerHeaders({ query }: Call, { headers, etag, modified }: ObjectInfo): Record<string, string> {
  const overridden = KEPT_HEADERS.flatMap((name) => {
    const value = query.get(`response-${name}`)
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...headers,
    ...Object.fromEntries(overridden),
    etag: `"${etag}"`,
    'last-modified': new Date(modified).toUTCString(),
    'accept-ranges': 'bytes',
  }
}

export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {}
  const { algorithm, value, type } = checksum
  return { [`x-amz-checksum-${algorithm.toLowerCase()}`]: value, 'x-amz-checksum-type': type }
}

export async function deleteObject({ bucket, key, response }: Call): Promise<void> {
  await bucket.remove(key)
  response.writeHead(204).end()
}

export async function deleteObjects(call: Call): Promise<void> {
  const { bucket } = call
  const xml = await receiveXml(call)
  const keys = innerXml(xml, 'Object').map((object) => innerText(object, 'Key'))
  if (keys.length === 0 || keys.length > MAX_DELETES) throw new S3Error('MalformedXML')
  const isQuiet = innerText(xml, 'Quiet') === 'true'
  const results: string[] = []
  for (const key of keys) {
    if (key === undefined) throw new S3Error('MalformedXML')
    try {
      await bucket.remove(key)
      if (!isQuiet) results.push(element('Deleted', text('Key', key)))
    } catch (error) {
      const { code, message } = toS3Error(error)
      results.push(element('Error', text('Key', key), text('Code', code), text('Message', message)))
    }
  }
  answerXml(call, element('DeleteResult', ...results))
}
