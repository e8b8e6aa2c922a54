// Every setting, its kind of value and its default.
import { z } from 'zod'
import {
  bearerToken,
  boolean,
  dnsServers,
  duration,
  httpUrl,
  integer,
  isOrigin,
  isProxy,
  list,
  networks,
  postgresUrl,
  secretKeys,
  size,
} from './fields.ts'

/** GAME's own, in Keycloak. */
export const DEFAULT_ADMIN_ROLE = 'AdministratorGAME'

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
