// The kinds of values that settings have. The error messages follow the name of the setting.
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
      context.addIssue({ code: 'custom', message: `must be a value with a unit, like ${example}, and at least ${min}` })
      return z.NEVER
    })
    .prefault(fallback)

export const duration = quantity(parseDuration, '30s, 15m, 7d')
export const size = quantity(parseSize, '16MiB, 1GiB')

/** Items separated by commas. */
const list = (isItem: (item: string) => boolean, problem: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .refine((items) => items.every(isItem), problem)

export const networks = list((text) => ipaddr.isValidCIDR(text), 'must be networks like 10.0.0.0/8, fd00::/8')

const DNS_SERVER = /^(\d+(\.\d+){3}(:\d+)?|[0-9a-f:.]+|\[[0-9a-f:.]+\]:\d+)$/i
export const dnsServers = list((text) => DNS_SERVER.test(text), 'must be addresses like 10.0.0.2, 10.0.0.2:53')

export const secretKeys = list(
  (text) => /^[A-Za-z0-9+/]{43}=$/.test(text),
  'must be keys of 32 bytes in base64; create one with: openssl rand -base64 32',
)

export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })
export const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })

/** The values of Express' `trust proxy` except `true`, with which a client could choose its own address. */
export const proxies = z.union([z.string().regex(/^\d$/).transform(Number), list(isProxy, 'unused')], {
  error: 'must be the number of proxies (1 to 9) or their addresses: 10.0.0.0/8, loopback, uniquelocal',
})

function isProxy(word: string): boolean {
  return ['loopback', 'linklocal', 'uniquelocal'].includes(word) || isIP(word) !== 0 || ipaddr.isValidCIDR(word)
}

/** The characters that RFC 6750, 2.1 allows in a bearer token. Clients could not send any other token. */
export const bearerToken = z
  .string()
  .regex(/^(?=.{16})[A-Za-z0-9\-._~+/]+=*$/, 'must have 16 characters or more: letters, digits and - . _ ~ + /')

/** Limits of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
export const tags = z
  .string()
  .regex(
    /^[\w .:/+@-]{1,128}=[\w .:/+@-]{0,256}(,[\w .:/+@-]{1,128}=[\w .:/+@-]{0,256}){0,9}$/,
    'must be at most 10 tags like team=data,retention=short',
  )
  .transform((text) => Object.fromEntries(text.split(',').map((tag) => tag.split('=', 2) as [string, string])))

/** Exactly as browsers send it: without a path and without a trailing slash. */
export const origins = list(isOrigin, 'must be origins like https://app.example.com, separated by commas, or *')

function isOrigin(word: string): boolean {
  return word === '*' || (URL.canParse(word) && /^https?:/.test(word) && new URL(word).origin === word)
}

/** The sample of a secret in .env.example. It is published, so it protects nothing. */
export const SAMPLE_SECRETS = {
  BOOTSTRAP_API_KEY: 'change-me-change-me',
  METRICS_TOKEN: 'change-me-to-something-long',
  WEBHOOK_SECRET_KEYS: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
} as const

export const isNotSample = (name: keyof typeof SAMPLE_SECRETS) => (value: string) => value !== SAMPLE_SECRETS[name]

export const sampleProblem = (command: string) =>
  `is the sample value of .env.example, which is public; create a secret of your own with: ${command}`
