// Computes the part size of an upload, so that the file fits into the maximum number of parts.

/** The limits of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000
const MAX_OBJECT_BYTES = 5 * 1024 ** 4

/** The estimate may be wrong, so a file of this multiple of the estimated size must fit. */
const ESTIMATE_MARGIN = 10

/** The smallest part size for a file of this size, in whole MiB. */
export function choosePartSize(smallest: number, estimatedBytes: number): number {
  const needed = Math.ceil((Math.min(estimatedBytes, MAX_OBJECT_BYTES) * ESTIMATE_MARGIN) / MAX_PARTS)
  const largest = Math.ceil(MAX_OBJECT_BYTES / MAX_PARTS)
  const mebibyte = 1024 ** 2
  return Math.ceil(Math.max(smallest, Math.min(needed, largest)) / mebibyte) * mebibyte
}
