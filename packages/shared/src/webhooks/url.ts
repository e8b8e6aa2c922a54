// Checks the URL of a webhook, before it is stored and again before every attempt.
import { isIP } from 'node:net'
import type { Config } from '../settings/schema.ts'
import { type AddressPolicy, createAddressPolicy } from './address.ts'

export interface UrlRules {
  readonly allowHttp: boolean
  readonly addresses: AddressPolicy
}

export function urlRules(config: Pick<Config, 'WEBHOOK_ALLOW_HTTP' | 'WEBHOOK_ALLOWED_NETWORKS'>): UrlRules {
  return {
    allowHttp: config.WEBHOOK_ALLOW_HTTP,
    addresses: createAddressPolicy(config.WEBHOOK_ALLOWED_NETWORKS),
  }
}

const MAX_URL_CHARACTERS = 2_000

/** A message to append to the name of the field; undefined if no fault is found without a DNS lookup. */
export function webhookUrlFault(text: string, { allowHttp, addresses }: UrlRules): string | undefined {
  if (text.length > MAX_URL_CHARACTERS) return `must have at most ${MAX_URL_CHARACTERS} characters`
  // `new URL` silently removes tabs and line breaks, so the request would go to another URL than the one shown.
  if (/[^\x21-\x7e]/.test(text)) return 'must be printable ASCII without spaces; percent-encode other characters'
  if (!URL.canParse(text)) return 'must be an absolute URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must be an https URL'
  if (url.protocol === 'http:' && !allowHttp) return 'must be an https URL; http is not allowed here'
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or a password'
  if (url.hash !== '') return 'must not contain a fragment: it is never sent'
  const port = portOf(url)
  const host = hostOf(url)
  if (isIP(host) !== 0) return addresses.allows(host, port) ? undefined : 'points to an address that is not allowed'
  if (port !== 443 && port !== 80 && !addresses.hasNetworks) return 'must be on port 443 or 80'
  return undefined
}

/** The host name, or the address without IPv6 brackets. `new URL` has normalized 0x7f.1 and 2130706433 to 127.0.0.1. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
}
