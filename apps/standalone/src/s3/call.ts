// The input of an operation: one request with a valid signature, and its response.
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
  /** The bucket in the path. @throws S3Error NoSuchBucket */
  readonly bucket: Bucket
  readonly bucketName: string
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  /** The value of a header, or of the query parameter that replaces it in a signed link. */
  header(name: string): string | undefined
  /** Sends `100 Continue` if the client waits for it. */
  acceptBody(): void
}

export function answerXml({ response }: Call, xml: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { 'content-type': 'application/xml', ...headers }).end(XML_HEAD + xml)
}
