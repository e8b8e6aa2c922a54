// Runs the embedded S3 server: HTTP on loopback, objects on disk, for a laptop and for tests.
//
// Differs from S3: only the operations in routing.ts, path-style addresses, one key pair, no CORS, no versions, and
// parts of any size.
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import { adoptOldObjects } from './disk/adopt-old-objects.ts'
import { openStore } from './disk/store.ts'
import { codeOf } from './errors.ts'
import { handle } from './routing.ts'
import type { Credentials } from './signature.ts'

export interface S3Options {
  /** Holds all files; created if missing. State survives a restart on the same directory. */
  readonly directory: string
  /** Used if it is free; else any free port. 0: any. Default 4568. */
  readonly port?: number
  /** Created if missing. */
  readonly bucket: string
  /** False: a loss of power may lose objects, and writing is faster. Default true. */
  readonly durable?: boolean
}

export interface EmbeddedS3 extends Credentials {
  /** For clients with `forcePathStyle`. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly port: number
  /** Closes idle connections at once, and the others after a second. */
  stop(): Promise<void>
}

const DEFAULT_PORT = 4568
const REGION = 'us-east-1'
const ACCESS_KEY_ID = 'waybill'
const LISTEN_TRIES = 5
const STOP_TIMEOUT_MS = 1_000

export async function startS3(options: S3Options): Promise<EmbeddedS3> {
  const directory = resolve(options.directory)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  // Earlier versions created it readable for every user.
  await chmod(directory, 0o700)
  const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: await readSecret(directory) }
  const store = await openStore(join(directory, 'store'), options.durable ?? true)
  await adoptOldObjects(join(directory, 'buckets'), store)
  await store.createBucket(options.bucket)

  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void handle(request, response, { credentials, store })
  // Clients that send `Expect: 100-continue` get a refusal before they send the body.
  const server = createServer(onRequest).on('checkContinue', onRequest)
  const port = await listen(server, options.port ?? DEFAULT_PORT)

  let stopping: Promise<void> | undefined
  const stop = async () => {
    const closed = new Promise<void>((done) => server.close(() => done()))
    await Promise.race([closed, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })])
    server.closeAllConnections()
    await closed
  }
  return {
    ...credentials,
    endpoint: `http://127.0.0.1:${port}`,
    region: REGION,
    bucket: options.bucket,
    port,
    stop: () => (stopping ??= stop()),
  }
}

/** Kept on disk, so that links signed before a restart are valid after it. */
async function readSecret(directory: string): Promise<string> {
  const file = join(directory, 'secret-access-key')
  try {
    await writeFile(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  return (await readFile(file, 'utf8')).trim()
}

async function listen(server: Server, preferred: number): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(attempt === 1 ? preferred : 0)
    try {
      await new Promise<void>((done, fail) => {
        server.once('error', fail)
        server.listen({ port, host: '127.0.0.1' }, () => {
          server.off('error', fail)
          done()
        })
      })
      return port
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE' || attempt === LISTEN_TRIES) throw error
    }
  }
}
