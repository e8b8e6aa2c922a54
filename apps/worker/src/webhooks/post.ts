// Sends one webhook over HTTP, whatever the other side does: bounded in time, in bytes, and in where it goes.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
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
  /** Milliseconds for all of it: the name, the connection, the answer. */
  readonly timeout: number
  /** The process is to end. */
  readonly stopping: AbortSignal
}

/** What came back: a status, or the reason why there is none. */
export interface Answer {
  readonly status?: number
  readonly retryAfter?: string | undefined
  /** The beginning of its body. */
  readonly answer: string
  readonly error?: string
}

/** Bytes of the answer's body that are read, and that are kept. */
const READ_LIMIT = 65_536
const KEPT = 2_048

// Of their own: Node's global agents go through the proxy of the environment when NODE_USE_ENV_PROXY says so, and the
// proxy would look the name up. A connection a try: an old one would lead where its name led then.
const AGENTS = { 'http:': new HttpAgent({ keepAlive: false }), 'https:': new HttpsAgent({ keepAlive: false }) }

/** @throws the reason of `stopping` */
export async function postWebhook({ url: text, headers, body }: Post, options: PostOptions): Promise<Answer> {
  const { rules, resolve, timeout, stopping } = options
  const fault = webhookUrlFault(text, rules)
  if (fault !== undefined) return { answer: '', error: `the URL ${fault}` }
  const url = new URL(text)
  const isHttps = url.protocol === 'https:'
  const late = AbortSignal.timeout(timeout)
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
        signal: AbortSignal.any([late, stopping]),
        // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
        rejectUnauthorized: true,
      })
      request.once('response', resolvePromise)
      // It stays: a connection may break more than once, also after the answer.
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
    return { answer: '', error: late.aborted ? `no answer within ${timeout} ms` : describe(error) }
  }
}

/** Never fails: the status is the answer, and a body that breaks off, drips or does not end changes nothing of it. */
async function readBeginning(response: IncomingMessage): Promise<string> {
  const kept: Buffer[] = []
  let read = 0
  try {
    for await (const chunk of response) {
      const bytes = chunk as Buffer
      if (read < KEPT) kept.push(bytes.subarray(0, KEPT - read))
      read += bytes.byteLength
      if (read >= READ_LIMIT) break // which destroys the stream
    }
  } catch {
    // What came before is what there is.
  } finally {
    response.destroy()
  }
  // Postgres takes no NUL.
  return Buffer.concat(kept).toString('utf8').replaceAll('\0', '\uFFFD')
}

/** Fit for those who see the delivery: no addresses, no names of ours. */
function describe(error: unknown): string {
  if (error instanceof AddressRefused) return 'the name leads to an address that is not allowed'
  const code = String((error as { code?: unknown }).code ?? 'UNKNOWN')
  if (/^E?(NOTFOUND|NODATA|SERVFAIL|TIMEOUT|REFUSED|BADRESP|BADNAME|FORMERR)$/.test(code)) {
    return `the name cannot be looked up (${code})`
  }
  if (/^HPE_/.test(code)) return `the answer is no HTTP (${code})`
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)|SSL|EPROTO/.test(code)) return `TLS failed (${code})`
  return `the connection failed (${code})`
}
