// Checks that a webhook comes from who shares the secret: Standard Webhooks (https://www.standardwebhooks.com), by Web Crypto.
import type { WebhookEventBody } from '@waybill/shared/contract/webhooks.ts'
import { WaybillError } from './http/errors.ts'

/** What a webhook says: of an export, or that somebody tests the endpoint. */
export type WebhookEvent =
  | WebhookEventBody
  | { readonly type: 'webhook.test'; readonly timestamp: string; readonly data: { readonly endpointId: string } }

export interface VerifyOptions {
  /** Seconds that the webhook's time may be off, either way. */
  readonly tolerance?: number
  /** Milliseconds since 1970. */
  readonly now?: number
}

type HeaderBag = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

/** Five minutes, as the specification recommends. */
const TOLERANCE = 300

/**
 * @param body as it arrived, byte for byte: JSON that was parsed and written again has another signature
 * @param headers of `fetch` or of Node's `http`
 * @param secrets `whsec_…`; several while a secret is being rotated
 * @returns the event. Its `webhook-id` header is the same for every try: keep it to do a thing only once
 * @throws WaybillError WEBHOOK_NOT_SIGNED, WEBHOOK_OUT_OF_TIME
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: HeaderBag,
  secrets: string | readonly string[],
  { tolerance = TOLERANCE, now = Date.now() }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const id = header(headers, 'webhook-id')
  const timestamp = header(headers, 'webhook-timestamp')
  const signatures = header(headers, 'webhook-signature').split(' ').flatMap(readSignature)
  if (!/^\d{1,12}$/.test(timestamp)) throw unsigned('webhook-timestamp is no time in seconds')

  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const payload = concatenate(new TextEncoder().encode(`${id}.${timestamp}.`), bytes)
  const isSigned = await anyValid(typeof secrets === 'string' ? [secrets] : secrets, signatures, payload)
  if (!isSigned) throw unsigned('no signature in webhook-signature is of the secret and this body')

  // After the signature, or anybody could learn what our clock says.
  const seconds = Math.abs(now / 1000 - Number(timestamp))
  if (seconds > tolerance) {
    const message = `The webhook is ${Math.round(seconds)} s off, ${tolerance} s are allowed: a replay, or a clock is wrong.`
    throw new WaybillError('WEBHOOK_OUT_OF_TIME', message)
  }
  return JSON.parse(new TextDecoder().decode(bytes)) as WebhookEvent
}

/** Every pair is tried: the time it takes says nothing of which one fits. */
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
      // Compares in constant time, which === would not.
      if (await crypto.subtle.verify('HMAC', key, signature, payload)) isValid = true
    }
  }
  return isValid
}

/** `v1,<base64>`; other versions are not ours to read. */
function readSignature(text: string): Uint8Array<ArrayBuffer>[] {
  const [version, encoded = ''] = text.split(',', 2)
  const bytes = version === 'v1' ? readBase64(encoded) : undefined
  return bytes === undefined ? [] : [bytes]
}

function readSecret(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = readBase64(secret.replace(/^whsec_/, ''))
  if (bytes === undefined || bytes.length === 0)
    throw new TypeError('the secret is not one of Waybill: whsec_ and base64')
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
    return undefined // what is not base64 is no signature, whoever sent it
  }
}

function header(headers: HeaderBag, name: string): string {
  const found =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  const value = typeof found === 'object' ? found?.[0] : found
  if (value === undefined || value === '') throw unsigned(`there is no header ${name}`)
  return value
}

function unsigned(reason: string): WaybillError {
  return new WaybillError('WEBHOOK_NOT_SIGNED', `The webhook is not to be trusted: ${reason}.`)
}
