// Options for a storage on the bucket of the test run, and for its uploads.
import type { PutOptions, StorageOptions } from '@waybill/shared/storage/storage.ts'
import { inject } from 'vitest'

/** The smallest part size of S3, in bytes. */
export const PART_BYTES = 5 * 1024 ** 2

export function storageOptions(changes: Partial<StorageOptions> = {}): StorageOptions {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = inject('s3')
  return {
    endpoint,
    publicEndpoint: undefined,
    region,
    bucket,
    prefix: '',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    checksums: true,
    listUploads: true,
    partSize: PART_BYTES,
    uploadConcurrency: 2,
    requestTimeout: 10_000,
    ...changes,
  }
}

export function putOptions(changes: Partial<PutOptions> = {}): PutOptions {
  return {
    contentType: 'text/csv; charset=utf-8',
    filename: 'users_20260609T120000Z.csv',
    signal: new AbortController().signal,
    estimatedBytes: 0,
    ...changes,
  }
}
