// Runs the embedded S3 server as a separate process, so that its CPU time and memory are not those of the worker.
import { startS3 } from '../../../apps/standalone/src/s3/embedded-s3.ts'
import { untilSignal } from '../../../packages/shared/src/process/signals.ts'

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: s3-process.ts DIRECTORY')

const signal = untilSignal()
const s3 = await startS3({ directory, port: 0, bucket: 'waybill-bench', durable: false })
const settings = {
  S3_ENDPOINT: s3.endpoint,
  S3_REGION: s3.region,
  S3_BUCKET: s3.bucket,
  S3_FORCE_PATH_STYLE: 'true',
  S3_CHECK_AT_START: 'false',
  S3_ACCESS_KEY_ID: s3.accessKeyId,
  S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
}
process.stdout.write(`${JSON.stringify(settings)}\n`)
await signal
await s3.stop()
