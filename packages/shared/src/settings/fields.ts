// The kinds of values that settings have, with the message for a value that is none.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { parseDuration, parseSize } from './units.ts'

export const integer = (fallback: number, min: number, max: number) =>
  z.coerce.number({ error: 'must be a whole number' }).int().min(min).max(max).default(fallback)

export const boolean = (fallback: boolean) =>
  z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .transform((text) => text === 'true')
    .prefault(String(fallback) as 'true' | 'false')

const quantity = (parse: (text: string) => number | undefined, example: string) => (fallback: string, min: string) =>
  z
    .string()
    .transform((text, context) => {
      const value = parse(text)
      if (value !== undefined && value >= (parse(min) ?? 0)) return value
      context.addIssue({ code: 'custom', message: `must be written as in ${example}, and be at least ${min}` })
      return z.NEVER
    })
    .prefault(fallback)

export const duration = quantity(parseDuration, '30s, 15m, 7d')
export const size = quantity(parseSize, '16MiB, 1GiB')

/** Words with commas between them. */
export const list = (isWord: (word: string) => boolean, problem: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((word) => word.trim()))
    .refine((words) => words.every(isWord), problem)

export const networks = list((text) => ipaddr.isValidCIDR(text), 'must be networks as in 10.0.0.0/8, fd00::/8')
const DNS_SERVER = /^(\d+(\.\d+){3}(:\d+)?|[0-9a-f:.]+|\[[0-9a-f:.]+\]:\d+)$/i
export const dnsServers = list((text) => DNS_SERVER.test(text), 'must be addresses as in 10.0.0.2, 10.0.0.2:53')
export const secretKeys = list(
  (text) => /^[A-Za-z0-9+/]{43}=$/.test(text),
  'must be 32 bytes in base64 each: openssl rand -base64 32',
)

export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })
export const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })

/** As Express has it (`trust proxy`), but for `true`: then anybody could choose the address they are known by. */
export function isProxy(word: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(word)) return true
  const [address = '', bits, ...rest] = word.split('/')
  const version = isIP(address)
  return (
    version !== 0 &&
    rest.length === 0 &&
    (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)))
  )
}

/** What a bearer token may hold (RFC 6750, 2.1): with anything else nobody could ever log in. */
export const bearerToken = z
  .string()
  .regex(/^(?=.{16})[A-Za-z0-9\-._~+/]+=*$/, 'must have 16 characters or more: letters, digits and - . _ ~ + /')

/** To the letter as a browser sends it: no path, no slash at the end. */
export function isOrigin(word: string): boolean {
  return word === '*' || (URL.canParse(word) && /^https?:/.test(word) && new URL(word).origin === word)
}
