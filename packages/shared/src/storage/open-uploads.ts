// Aborts multipart uploads that were not completed. Their parts cost money, but no list of objects shows them.
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'

/** The errors of servers without ListMultipartUploads, or without permission for it. */
const CANNOT_LIST: ReadonlySet<string> = new Set(['NotImplemented', 'MethodNotAllowed', 'AccessDenied'])

export interface Bucket {
  readonly client: S3Client
  readonly bucket: string
}

/** Does nothing if the upload no longer exists. @throws errors of the SDK; the signal's reason */
export async function abortUpload(
  { client, bucket }: Bucket,
  key: string,
  uploadId: string,
  signal?: AbortSignal,
): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId })
  try {
    await client.send(command, signal === undefined ? {} : { abortSignal: signal })
  } catch (error) {
    if (!(error instanceof Error && error.name === 'NoSuchUpload')) throw error
  }
}

/** {@link Storage.abortUploads}. @throws errors of the SDK; the signal's reason */
export async function abortUploads(
  from: Bucket,
  prefix: string,
  { before, signal }: { readonly before?: Date; readonly signal?: AbortSignal },
): Promise<boolean> {
  let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
  for (;;) {
    let page: ListMultipartUploadsCommandOutput
    try {
      const list = new ListMultipartUploadsCommand({ Bucket: from.bucket, Prefix: prefix, ...markers })
      page = await from.client.send(list, signal === undefined ? {} : { abortSignal: signal })
    } catch (error) {
      if (error instanceof Error && CANNOT_LIST.has(error.name)) return false
      throw error
    }
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      const isMeant = before === undefined || (Initiated !== undefined && Initiated < before)
      if (isMeant && Key !== undefined && UploadId !== undefined) await abortUpload(from, Key, UploadId, signal)
    }
    if (!page.IsTruncated) return true
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}
