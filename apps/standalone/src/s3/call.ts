// What an operation works on: one request that is signed, and the ways to answer it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bucket } from './disk/bucket.ts'
import type { Store } from './disk/store.ts'
import type { Authorization } from './signature.ts'
import { XML_HEAD } from './xml.ts'

export interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly authorization: Authorization
  readonly store: Store
  /** The one that the path names. @throws S3Error NoSuchBucket */
  readonly bucket: Bucket
  readonly bucketName: string
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  /** Of the request, or the query parameter that stands for it in a signed link. */
  header(name: string): string | undefined
  /** Lets a client go on that waits for `100 Continue`. */
  acceptBody(): void
}

export function answerXml({ response }: Call, xml: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { 'content-type': 'application/xml', ...headers }).end(XML_HEAD + xml)
}
