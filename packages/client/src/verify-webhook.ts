// Verifies the signature of a webhook: Standard Webhooks (https://www.standardwebhooks.com), with Web Crypto.
import type { WebhookEventBody } from '@waybill/shared/contract/webhooks.ts'
import { WaybillError } from './http/errors.ts'

/** The body of a webhook: an event of an export, or a test of the endpoint. */
export type WebhookEvent =
  | WebhookEventBody
  | (Omit<WebhookEventBody, 'type'> & { readonly type: 'webhook.test'; readonly data: { readonly endpointId: string } })

export interface VerifyOptions {
  /** How far the timestamp may differ from `now`, in seconds. Default 300. */
  readonly tolerance?: number
  /** Milliseconds since 1970. Default: the current time. */
  readonly now?: number
}

type HeaderBag = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

/** As the specification recommends. */
const TOLERANCE_SECONDS = 300

/**
 * @param body the received bytes, unchanged: JSON that was parsed and serialized again does not match the signature
 * @param headers from `fetch` or from Node's `http`
 * @param secrets `whsec_…`; several while a secret is being rotated
 * @returns the event. The header `webhook-id` is the same for every attempt: store it to handle an event only once
 * @throws WaybillError WEBHOOK_NOT_SIGNED, WEBHOOK_OUT_OF_TIME
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: HeaderBag,
  secrets: string | readonly string[],
  { tolerance = TOLERANCE_SECONDS, now = Date.now() }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const id = header(headers, 'webhook-id')
  const timestamp = header(headers, 'webhook-timestamp')
  const signatures = header(headers, 'webhook-signature').split(' ').flatMap(readSignature)
  if (!/^\d{1,12}$/.test(timestamp)) throw unsigned('webhook-timestamp is not a time in seconds')

  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const payload = concatenate(new TextEncoder().encode(`${id}.${timestamp}.`), bytes)
  const isSigned = await anyValid(typeof secrets === 'string' ? [secrets] : secrets, signatures, payload)
  if (!isSigned) throw unsigned('no signature in webhook-signature matches the secret and the body')

  // Checked after the signature, so that an unauthenticated sender cannot learn the time of our clock.
  const seconds = Math.abs(now / 1000 - Number(timestamp))
  if (seconds > tolerance) {
    const message = `The timestamp of the webhook differs by ${Math.round(seconds)} s, ${tolerance} s are allowed. It is a replay, or a clock is wrong.`
    throw new WaybillError('WEBHOOK_OUT_OF_TIME', message)
  }
  return JSON.parse(new TextDecoder().decode(bytes)) as WebhookEvent
}

/** Checks every pair, so that the duration does not reveal which one matches. */
async function anyValid(
  secrets: readonly string[],
  signatures: readonly Uint8Array<ArrayBuffer>[],
  payload: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  let isValid = false
  for (const secret of secrets) {
    const key = await crypto.subtle.importKey('raw', readSecret(secret), algorithm, false, ['verify'])
    for (const signature of signatures) {
      // Compares in constant time.
      if (await crypto.subtle.verify('HMAC', key, signature, payload)) isValid = true
    }
  }
  return isValid
}

/** Parses `v1,<base64>`. Other versions are ignored, as the specification demands. */
function readSignature(text: string): Uint8Array<ArrayBuffer>[] {
  const [version, encoded = ''] = text.split(',', 2)
  const bytes = version === 'v1' ? readBase64(encoded) : undefined
  return bytes === undefined ? [] : [bytes]
}

function readSecret(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = readBase64(secret.replace(/^whsec_/, ''))
  if (bytes === undefined || bytes.length === 0) throw new TypeError('the secret must be whsec_ followed by base64')
  return bytes
}

function concatenate(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}

function readBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return undefined // not base64, so not a signature
  }
}

function header(headers: HeaderBag, name: string): string {
  const found =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  const value = typeof found === 'object' ? found?.[0] : found
  if (value === undefined || value === '') throw unsigned(`the header ${name} is missing`)
  return value
}

function unsigned(reason: string): WaybillError {
  return new WaybillError('WEBHOOK_NOT_SIGNED', `The signature of the webhook is not valid: ${reason}.`)
}
