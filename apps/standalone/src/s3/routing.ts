// Finds and runs the operation that a request asks for, and responds to errors.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'
import { answerXml, type Call } from './call.ts'
import type { Store } from './disk/store.ts'
import { S3Error, toS3Error } from './errors.ts'
import { listBuckets, listMultipartUploads, listObjectsV1, listObjectsV2 } from './operations/list.ts'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listUploadedParts,
  uploadPart,
} from './operations/multipart.ts'
import { deleteObject, deleteObjects, getObject, putObject } from './operations/objects.ts'
import { authorize, type Credentials } from './signature.ts'
import { headerOf, readTarget, type Target } from './target.ts'
import { text, XML_HEAD } from './xml.ts'

type Operation = (call: Call) => Promise<void> | void

/** By method, by the subject of the path, and by the query parameters that select the operation. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /': listBuckets,
  'PUT bucket': createBucket,
  'HEAD bucket': headBucket,
  'GET bucket': listObjectsV1,
  'GET bucket?list-type': listObjectsV2,
  'GET bucket?location': getBucketLocation,
  'GET bucket?uploads': listMultipartUploads,
  'POST bucket?delete': deleteObjects,
  'PUT key': putObject,
  'GET key': getObject,
  'HEAD key': getObject,
  'DELETE key': deleteObject,
  'POST key?uploads': createMultipartUpload,
  'PUT key?partNumber&uploadId': uploadPart,
  'POST key?uploadId': completeMultipartUpload,
  'DELETE key?uploadId': abortMultipartUpload,
  'GET key?uploadId': listUploadedParts,
}

/** Parameters that do not select the operation. Each other parameter needs an entry in OPERATIONS. */
const ARGUMENTS =
  /^(x-amz-.*|x-id|response-.*|prefix|delimiter|encoding-type|max-.*|marker|.*-marker|continuation-token|start-after|fetch-owner)$/i

/** A client that is still sending does not read the response, so a smaller body is read to its end first. */
const MAX_DRAIN_BYTES = 16 * 1024 ** 2
const DRAIN_TIMEOUT_MS = 2_000

export interface Handling {
  readonly credentials: Credentials
  readonly store: Store
}

export async function handle(request: IncomingMessage, response: ServerResponse, handling: Handling): Promise<void> {
  let mustContinue = /^100-continue$/i.test(request.headers.expect ?? '')
  const acceptBody = () => {
    if (mustContinue) response.writeContinue()
    mustContinue = false
  }
  try {
    const target = readTarget(request.url ?? '')
    const authorization = authorize(request, target, handling.credentials)
    const operation = findOperation(request, target)
    const { store } = handling
    await operation({
      ...{ request, response, authorization, store, key: target.key, query: target.query, acceptBody },
      bucketName: target.bucket,
      get bucket() {
        return store.bucket(target.bucket)
      },
      header: (name) => headerOf(request, target.query, name),
    })
  } catch (error) {
    await refuse(request, response, toS3Error(error), mustContinue)
  }
}

function findOperation(request: IncomingMessage, { bucket, key, query }: Target): Operation {
  const names = [...query.keys()].filter((name) => !ARGUMENTS.test(name)).sort()
  const subject = bucket === '' ? '/' : key === '' ? 'bucket' : 'key'
  const operation = OPERATIONS[`${request.method} ${subject}${names.length > 0 ? '?' : ''}${names.join('&')}`]
  if (operation === undefined || headerOf(request, query, 'x-amz-copy-source') !== undefined) {
    throw new S3Error('NotImplemented')
  }
  return operation
}

/** Empty: us-east-1. */
function getBucketLocation(call: Call): void {
  call.store.bucket(call.bucketName)
  answerXml(call, text('LocationConstraint', ''))
}

async function createBucket({ store, bucketName, response }: Call): Promise<void> {
  await store.createBucket(bucketName)
  response.writeHead(200, { location: `/${bucketName}` }).end()
}

function headBucket({ store, bucketName, response }: Call): void {
  store.bucket(bucketName)
  response.writeHead(200).end()
}

async function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  error: S3Error,
  isBodyHeldBack: boolean,
): Promise<void> {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const isRead = !isBodyHeldBack && (request.complete || (await drain(request)))
  if (response.destroyed) return
  // The rest of an unread body would be taken for the next request.
  response.writeHead(error.status, { 'content-type': 'application/xml', ...(isRead ? {} : { connection: 'close' }) })
  response.end(request.method === 'HEAD' ? undefined : XML_HEAD + error.xml)
}

/** Reads the rest of a body. False: it is too long, or takes too long. */
async function drain(request: IncomingMessage): Promise<boolean> {
  if (Number(request.headers['content-length'] ?? Number.NaN) > MAX_DRAIN_BYTES) return false
  try {
    await finished(request.resume(), { signal: AbortSignal.timeout(DRAIN_TIMEOUT_MS), cleanup: true })
    return true
  } catch {
    return false
  }
}
