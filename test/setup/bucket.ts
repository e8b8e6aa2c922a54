// Lists the bucket of the test run with a separate client.
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { inject } from 'vitest'

export interface BucketContents {
  /** Keys without the prefix. */
  readonly objects: readonly string[]
  /** Keys of multipart uploads that are neither completed nor aborted. */
  readonly openUploads: readonly string[]
}

export async function look(prefix: string): Promise<BucketContents> {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = inject('s3')
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
  try {
    const where = { Bucket: bucket, Prefix: prefix }
    const objects = await client.send(new ListObjectsV2Command(where))
    const uploads = await client.send(new ListMultipartUploadsCommand(where))
    return {
      objects: (objects.Contents ?? []).map(({ Key = '' }) => Key.slice(prefix.length)),
      openUploads: (uploads.Uploads ?? []).map(({ Key = '' }) => Key.slice(prefix.length)),
    }
  } finally {
    client.destroy()
  }
}
