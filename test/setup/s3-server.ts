// The S3 server of a test run: the embedded one, or the one that TEST_S3 names.
import { join } from 'node:path'
import { startS3 } from '../../apps/standalone/src/s3/embedded-s3.ts'
import { startCeph, type TestS3 } from './ceph.ts'

const BUCKET = 'waybill-test'

/** By their names in TEST_S3. */
const SERVERS: Readonly<Record<string, (directory: string) => Promise<TestS3>>> = {
  // In this process, which is idle while the tests run.
  embedded: (directory) => startS3({ directory: join(directory, 's3'), port: 0, bucket: BUCKET, durable: false }),
  ceph: (directory) => startCeph({ directory: join(directory, 'ceph'), bucket: BUCKET }),
}

export function startTestS3(directory: string): Promise<TestS3> {
  const name = process.env.TEST_S3 ?? 'embedded'
  const start = SERVERS[name]
  if (start === undefined) throw new Error(`TEST_S3 must be one of ${Object.keys(SERVERS).join(', ')}, not ${name}`)
  return start(directory)
}
