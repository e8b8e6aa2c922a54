// Sends one webhook over HTTP, with limits on its duration, on the bytes read, and on the addresses it may reach.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { refusedName, unknownName } from '@waybill/shared/webhooks/name-fault.ts'
import { portOf, type UrlRules, webhookUrlFault } from '@waybill/shared/webhooks/url.ts'
import { AddressRefused, createGuardedLookup, type Resolve } from './lookup.ts'

export interface Post {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface PostOptions {
  readonly rules: UrlRules
  readonly resolve: Resolve
  /** Milliseconds for the whole request: DNS, connection and response. */
  readonly timeout: number
  /** Aborts when the process shuts down. */
  readonly stopping: AbortSignal
}

/** The response of the receiver, or the reason why there is none. */
export interface Reply {
  readonly status?: number
  readonly retryAfter?: string | undefined
  /** The beginning of the body. */
  readonly answer: string
  readonly error?: string
}

/** The rest of the body is not read. */
const MAX_READ_BYTES = 65_536

/** The rest of what was read is not recorded. */
const MAX_KEPT_BYTES = 2_048

// Not Node's global agents: with NODE_USE_ENV_PROXY they use the proxy of the environment, and the proxy would look the
// name up, unchecked. One connection for each attempt: a kept one would use the address that was checked earlier.
const AGENTS = { 'http:': new HttpAgent({ keepAlive: false }), 'https:': new HttpsAgent({ keepAlive: false }) }

/** @throws the reason of `stopping` */
export async function postWebhook({ url: text, headers, body }: Post, options: PostOptions): Promise<Reply> {
  const { rules, resolve, timeout, stopping } = options
  const fault = webhookUrlFault(text, rules)
  if (fault !== undefined) return { answer: '', error: `the URL ${fault}` }
  const url = new URL(text)
  const isHttps = url.protocol === 'https:'
  const timedOut = AbortSignal.timeout(timeout)
  try {
    const response = await new Promise<IncomingMessage>((resolvePromise, reject) => {
      const request = (isHttps ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        headers: {
          'User-Agent': 'Waybill',
          'Content-Type': 'application/json',
          'Accept-Encoding': 'identity',
          'Content-Length': Buffer.byteLength(body),
          ...headers,
        },
        agent: isHttps ? AGENTS['https:'] : AGENTS['http:'],
        lookup: createGuardedLookup(resolve, rules.addresses, portOf(url)),
        signal: AbortSignal.any([timedOut, stopping]),
        // Also when NODE_TLS_REJECT_UNAUTHORIZED=0 is set.
        rejectUnauthorized: true,
      })
      request.once('response', resolvePromise)
      // Not `once`: a connection may fail more than once, also after the response.
      request.on('error', reject)
      request.end(body)
    })
    return {
      status: response.statusCode ?? 0,
      retryAfter: response.headers['retry-after'],
      answer: await readBeginning(response),
    }
  } catch (error) {
    stopping.throwIfAborted()
    return { answer: '', error: timedOut.aborted ? `no answer within ${timeout} ms` : describe(error) }
  }
}

/** Never rejects: the status decides the outcome, whether or not the body is complete. */
async function readBeginning(response: IncomingMessage): Promise<string> {
  const kept: Buffer[] = []
  let read = 0
  try {
    for await (const chunk of response) {
      const bytes = chunk as Buffer
      if (read < MAX_KEPT_BYTES) kept.push(bytes.subarray(0, MAX_KEPT_BYTES - read))
      read += bytes.byteLength
      if (read >= MAX_READ_BYTES) break // which destroys the stream
    }
  } catch {
    // The connection failed within the body: what was read so far is kept.
  } finally {
    response.destroy()
  }
  // Postgres cannot store NUL in text.
  return Buffer.concat(kept).toString('utf8').replaceAll('\0', '\uFFFD')
}

/** For the callers who may read the delivery: without addresses or internal names. */
function describe(error: unknown): string {
  if (error instanceof AddressRefused) return refusedName()
  const code = String((error as { code?: unknown }).code ?? 'UNKNOWN')
  if (/^E?(NOTFOUND|NODATA|SERVFAIL|TIMEOUT|REFUSED|BADRESP|BADNAME|FORMERR)$/.test(code)) {
    return unknownName(code)
  }
  if (/^HPE_/.test(code)) return `the answer is no HTTP (${code})`
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)|SSL|EPROTO/.test(code)) return `TLS failed (${code})`
  return `the connection failed (${code})`
}
