// The only reader of the environment: every setting, checked at once, frozen.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { parseDuration, parseSize } from './units.ts'

const integer = (fallback: number, min: number, max: number) =>
  z.coerce.number({ error: 'must be a whole number' }).int().min(min).max(max).default(fallback)

const boolean = (fallback: boolean) =>
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

const duration = quantity(parseDuration, '30s, 15m, 7d')
const size = quantity(parseSize, '16MiB, 1GiB')

/** Words with commas between them. */
const list = (isWord: (word: string) => boolean, problem: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((word) => word.trim()))
    .refine((words) => words.every(isWord), problem)

const networks = list((text) => ipaddr.isValidCIDR(text), 'must be networks as in 10.0.0.0/8, fd00::/8')
const DNS_SERVER = /^(\d+(\.\d+){3}(:\d+)?|[0-9a-f:.]+|\[[0-9a-f:.]+\]:\d+)$/i
const dnsServers = list((text) => DNS_SERVER.test(text), 'must be addresses as in 10.0.0.2, 10.0.0.2:53')
const secretKeys = list(
  (text) => /^[A-Za-z0-9+/]{43}=$/.test(text),
  'must be 32 bytes in base64 each: openssl rand -base64 32',
)

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })

/** As Express has it (`trust proxy`), but for `true`: then anybody could choose the address they are known by. */
function isProxy(word: string): boolean {
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
const bearerToken = z
  .string()
  .regex(/^(?=.{16})[A-Za-z0-9\-._~+/]+=*$/, 'must have 16 characters or more: letters, digits and - . _ ~ + /')

/** To the letter as a browser sends it: no path, no slash at the end. */
function isOrigin(word: string): boolean {
  return word === '*' || (URL.canParse(word) && /^https?:/.test(word) && new URL(word).origin === word)
}

/** GAME's own, in Keycloak. */
const DEFAULT_ADMIN_ROLE = 'AdministratorGAME'

/** By the names of the environment. Exported for the test that holds .env.example to it. */
export const settingsSchema = z.object({
  PORT: integer(8080, 0, 65_535),
  HOST: z.string().default('0.0.0.0'),
  PUBLIC_URL: httpUrl.transform((url) => url.replace(/\/+$/, '')).optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),

  DATABASE_URL: postgresUrl,
  SOURCE_DATABASE_URL: postgresUrl.optional(),
  SOURCE_STATEMENT_TIMEOUT: duration('30m', '1s'),
  SOURCE_IDLE_TIMEOUT: duration('10m', '1s'),
  SOURCE_WORK_MEM: z
    .string()
    .regex(/^\d+(kB|MB|GB)$/, 'must be written as Postgres does: 64MB')
    .default('64MB'),
  DATASETS: z.string().optional(),
  GAME_DATASETS: boolean(true),
  SOURCE_PAGE_ROWS: integer(1_000, 1, 100_000),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' }).optional(),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,40}$/, 'must be lower-case letters, digits and underscores')
    .default('waybill'),

  S3_ENDPOINT: httpUrl.optional(),
  S3_PUBLIC_ENDPOINT: httpUrl.optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_BUCKET: z.string().min(1),
  S3_PREFIX: z
    .string()
    .regex(/^((?!\.\.?\/)[\w.-]+\/)*$/, 'must be empty or end with a slash, without . and .. between slashes')
    .default(''),
  S3_FORCE_PATH_STYLE: boolean(false),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  S3_PART_SIZE: size('5MiB', '5MiB'),
  S3_UPLOAD_CONCURRENCY: integer(3, 1, 32),
  S3_REQUEST_TIMEOUT: duration('60s', '100ms'),

  BOOTSTRAP_API_KEY: bearerToken.optional(),
  METRICS_TOKEN: bearerToken.optional(),
  OIDC_ISSUER: httpUrl.optional(),
  OIDC_AUDIENCE: z.string().optional(),
  OIDC_JWKS_URL: httpUrl.optional(),
  OIDC_ROLES_CLAIM: z.string().default('realm_access.roles'),
  OIDC_ADMIN_ROLE: z.string().default(DEFAULT_ADMIN_ROLE),
  OIDC_EXPORTER_ROLE: z.string().optional(),
  OIDC_CLOCK_SKEW: duration('30s', '0s'),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_SCOPES: z
    .string()
    .regex(/^(?=.*\bopenid\b)[\x21-\x7e]+( [\x21-\x7e]+)*$/, 'must be scopes with one space between, openid among them')
    .default('openid profile'),

  MAX_ROWS: integer(100_000_000, 1, 2_147_483_646),
  MAX_ACTIVE_EXPORTS: integer(100, 1, 1_000_000),
  LARGE_EXPORT_ROWS: integer(100_000, 1, 2_147_483_646),
  EXPORT_TTL: duration('7d', '1s'),
  EXPORT_TIMEOUT: duration('6h', '1s'),
  LINK_TTL: duration('15m', '1s'),
  WORKER_CONCURRENCY: integer(2, 1, 100),
  WORKER_LOCK: duration('30s', '1s'),
  RECONCILE_INTERVAL: duration('15s', '100ms'),
  SHUTDOWN_GRACE: duration('30s', '0ms'),
  SHUTDOWN_DELAY: duration('0s', '0ms'),
  HTTP_IDLE_TIMEOUT: duration('65s', '1s'),
  HTTP_HEADERS_TIMEOUT: duration('10s', '100ms'),
  HTTP_REQUEST_TIMEOUT: duration('30s', '100ms'),
  TRUST_PROXY: z
    .union([z.string().regex(/^\d$/).transform(Number), list(isProxy, 'unused')], {
      error: 'must be how many proxies there are (1 to 9), or their addresses: 10.0.0.0/8, loopback, uniquelocal',
    })
    .optional(),
  CORS_ORIGINS: list(isOrigin, 'must be origins like https://app.example.com, with commas between, or *').optional(),
  RATE_LIMIT_PER_CALLER: integer(30_000, 0, 1_000_000_000),
  RATE_LIMIT_PER_ADDRESS: integer(60_000, 0, 1_000_000_000),
  RATE_LIMIT_FAILED_LOGINS: integer(300, 0, 1_000_000_000),

  WEBHOOK_SECRET_KEYS: secretKeys.optional(),
  WEBHOOK_ALLOW_HTTP: boolean(false),
  WEBHOOK_ALLOWED_NETWORKS: networks.optional(),
  WEBHOOK_DNS_SERVERS: dnsServers.optional(),
  WEBHOOK_TIMEOUT: duration('15s', '100ms'),
  WEBHOOK_CONCURRENCY: integer(50, 1, 1_000),
  WEBHOOK_LOG_TTL: duration('30d', '1s'),

  DATA_DIR: z.string().default('.data'),
  SAMPLE_ROWS: integer(100_000, 0, 100_000_000),
})

/** Settings by the names that api.md gives them. Durations are milliseconds, sizes bytes. */
export type Config = Readonly<z.infer<typeof settingsSchema>>

/** Every problem of what an operator has set, one a line, each with the name of what it is about. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(
    problems: readonly string[],
    { about = 'The settings', advice = 'See .env.example for every setting.' } = {},
  ) {
    super(`${about} cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}\n${advice}`)
    this.problems = problems
  }
}

/** An empty variable counts as unset, as compose files have it. @throws ConfigError */
export function readConfig(
  env: NodeJS.ProcessEnv = process.env,
  defaults: Readonly<Record<string, string>> = {},
): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const given: NodeJS.ProcessEnv = { ...defaults, ...set }
  const parsed = settingsSchema.safeParse(given)
  const faults = (parsed.error?.issues ?? []).map(({ path, code, message }) => {
    const name = String(path[0])
    return `${name} ${code === 'invalid_type' && given[name] === undefined ? 'is missing' : message}`
  })
  const problems = [...faults, ...relations(given)]
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(parsed.data)
}

/** For tools that need the service's own tables and nothing else. @throws ConfigError */
export function readDatabaseUrl(env: NodeJS.ProcessEnv = process.env): string {
  const parsed = settingsSchema.shape.DATABASE_URL.safeParse(env.DATABASE_URL === '' ? undefined : env.DATABASE_URL)
  if (parsed.success) return parsed.data
  throw new ConfigError([`DATABASE_URL ${env.DATABASE_URL ? (parsed.error.issues[0]?.message ?? '') : 'is missing'}`])
}

/** What the standalone process must bring along, told before there is a whole configuration. */
export function readStandaloneNeeds(env: NodeJS.ProcessEnv = process.env) {
  const isSet = (name: string) => (env[name] ?? '') !== ''
  return {
    dataDir: isSet('DATA_DIR') ? String(env.DATA_DIR) : '.data',
    postgres: !isSet('DATABASE_URL'),
    s3: !isSet('S3_BUCKET'),
    /** Another port may be taken when the usual one is not free. */
    anyPort: !isSet('PORT'),
    apiKey: !isSet('BOOTSTRAP_API_KEY'),
    webhookKey: !isSet('WEBHOOK_SECRET_KEYS'),
  }
}

/** Problems that no setting has alone. From the text, so that they are told together with all others. */
function relations(given: NodeJS.ProcessEnv): string[] {
  const problems: string[] = []
  if ((given.S3_ACCESS_KEY_ID === undefined) !== (given.S3_SECRET_ACCESS_KEY === undefined)) {
    problems.push('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set together, or both be left out')
  }
  if ((given.OIDC_ISSUER === undefined) !== (given.OIDC_AUDIENCE === undefined)) {
    problems.push(
      'OIDC_ISSUER and OIDC_AUDIENCE must be set together: without an audience, tokens made for others would let in',
    )
  }
  for (const name of ['OIDC_JWKS_URL', 'OIDC_CLIENT_ID', 'OIDC_EXPORTER_ROLE']) {
    if (given[name] !== undefined && given.OIDC_ISSUER === undefined) problems.push(`${name} needs OIDC_ISSUER`)
  }
  if (given.OIDC_EXPORTER_ROLE === (given.OIDC_ADMIN_ROLE ?? DEFAULT_ADMIN_ROLE)) {
    problems.push('OIDC_EXPORTER_ROLE must not be the role of OIDC_ADMIN_ROLE')
  }
  const within = (name: string, fallback: number) => parseDuration(given[name] ?? '') ?? fallback
  if (within('HTTP_HEADERS_TIMEOUT', 10_000) > within('HTTP_REQUEST_TIMEOUT', 30_000)) {
    problems.push('HTTP_HEADERS_TIMEOUT must not be longer than HTTP_REQUEST_TIMEOUT, of which it is a part')
  }
  const linkTtl = parseDuration(given.LINK_TTL ?? '') ?? 0
  if (linkTtl > 7 * 86_400_000) problems.push('LINK_TTL must be at most 7d: S3 signs no longer')
  return problems
}

/** What a check of datasets needs: where the source is. @param module instead of DATASETS */
export function readDatasetConfigOrExit(module: string | undefined): Config {
  const { SOURCE_DATABASE_URL: source } = process.env
  try {
    return readConfig(
      { ...process.env, ...(module === undefined ? {} : { DATASETS: module }) },
      // Nothing is stored and nothing is written down.
      { S3_BUCKET: 'none', ...(source === undefined ? {} : { DATABASE_URL: source }) },
    )
  } catch (error) {
    exitForConfig(error)
  }
}

/** Reads the settings, or says what is wrong with them and stops the process with code 1. */
export function readConfigOrExit(defaults: Readonly<Record<string, string>> = {}): Config {
  try {
    return readConfig(process.env, defaults)
  } catch (error) {
    exitForConfig(error)
  }
}

/** For a command that needs nothing but the ledger: whoever checks the trail need not have the keys of the storage. */
export function readDatabaseUrlOrExit(exitCode: number): string {
  const parsed = settingsSchema.shape.DATABASE_URL.safeParse(process.env.DATABASE_URL ?? '')
  if (parsed.success) return parsed.data
  exitForConfig(new ConfigError(['DATABASE_URL is missing, or no postgres:// URL']), exitCode)
}

/** Says what is wrong with the settings and stops the process; throws on any other error. */
export function exitForConfig(error: unknown, exitCode = 1): never {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(exitCode)
}
