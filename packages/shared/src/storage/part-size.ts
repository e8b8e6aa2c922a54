// How large the parts of an upload must be for the file to fit into as many as S3 takes.

/** S3's own limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000
const MAX_OBJECT_BYTES = 5 * 1024 ** 4

/** The planner errs: plan for files this many times larger than it guesses before parts run out. */
const ESTIMATE_MARGIN = 10

/** The smallest part size that lets a file of this size through, in whole MiB. */
export function choosePartSize(smallest: number, estimatedBytes: number): number {
  const needed = Math.ceil((Math.min(estimatedBytes, MAX_OBJECT_BYTES) * ESTIMATE_MARGIN) / MAX_PARTS)
  const largest = Math.ceil(MAX_OBJECT_BYTES / MAX_PARTS)
  const mebibyte = 1024 ** 2
  return Math.ceil(Math.max(smallest, Math.min(needed, largest)) / mebibyte) * mebibyte
}
