// The parts of s3rver that we use; it comes without types.

declare module 's3rver' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  import type { FilesystemStore } from 's3rver/lib/stores/filesystem.js'

  export default class S3rver {
    constructor(options: {
      directory: string
      silent: boolean
      vhostBuckets: boolean
      configureBuckets: { name: string }[]
    })
    store: FilesystemStore
    readonly context: { store: FilesystemStore }
    readonly logger: { close(): void }
    configureBuckets(): Promise<unknown>
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
  }
}

declare module 's3rver/lib/stores/filesystem.js' {
  import type { IncomingMessage } from 'node:http'
  import type { Readable } from 'node:stream'

  export type Metadata = Readonly<Record<string, string | undefined>>

  export interface StoredObject {
    readonly bucket: string
    readonly key: string
    readonly content: Readable | Buffer
    readonly metadata: Metadata
  }

  export class FilesystemStore {
    constructor(rootDirectory: string)
    getResourcePath(bucket: string, key: string | undefined, resource: string): string
    getBucketPath(bucket: string): string
    putMetadata(bucket: string, key: string, metadata: Metadata, md5: string): Promise<void>
    listObjects(bucket: string, options: object): Promise<unknown>
    putObject(object: StoredObject): Promise<{ size: number; md5: string }>
    deleteObject(bucket: string, key: string): Promise<void>
    putPart(
      bucket: string,
      uploadId: string,
      partNumber: string,
      content: IncomingMessage,
    ): Promise<{ size: number; md5: string }>
    putObjectMultipart(
      bucket: string,
      uploadId: string,
      parts: readonly { number: number; etag: string }[],
    ): Promise<{ size: number; md5: string }>
  }
  const store: typeof FilesystemStore
  export default store
}

declare module 's3rver/lib/models/error.js' {
  export default class S3Error extends Error {
    constructor(code: string, message: string, detail?: Record<string, string>)
  }
}

declare module 's3rver/lib/models/account.js' {
  const account: { DUMMY_ACCOUNT: { createKeyPair(accessKeyId: string, secretAccessKey: string): void } }
  export default account
}
