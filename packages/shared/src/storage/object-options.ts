// What every object gets: encryption, storage class and tags.
import type { PutObjectCommandInput, ServerSideEncryption, StorageClass } from '@aws-sdk/client-s3'

export interface ObjectOptions {
  /** Encryption by the server. Undefined: as the bucket says. */
  readonly encryption?: ServerSideEncryption | undefined
  /** Of `aws:kms` and `aws:kms:dsse`. Undefined: the account's own. */
  readonly kmsKeyId?: string | undefined
  readonly storageClass?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
}

type ObjectParams = Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId' | 'StorageClass' | 'Tagging'>

/** For PutObject and CreateMultipartUpload. */
export function objectParams({ encryption, kmsKeyId, storageClass, tags }: ObjectOptions): ObjectParams {
  return {
    ...(encryption === undefined ? {} : { ServerSideEncryption: encryption }),
    ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
    // The types list the classes of AWS; other servers have classes of their own.
    ...(storageClass === undefined ? {} : { StorageClass: storageClass as StorageClass }),
    ...(tags === undefined ? {} : { Tagging: new URLSearchParams(tags).toString() }),
  }
}
