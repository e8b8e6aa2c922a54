// Every setting with its description, its kind of value and its default. .env.example is generated from this file.
import { z } from 'zod'
import {
  bearerToken,
  boolean,
  dnsServers,
  duration,
  httpUrl,
  integer,
  isNotSample,
  networks,
  origins,
  postgresUrl,
  proxies,
  SAMPLE_SECRETS,
  sampleProblem,
  secretKeys,
  size,
  tags,
} from './fields.ts'

/** The admin role of GAME in Keycloak. */
export const DEFAULT_ADMIN_ROLE = 'AdministratorGAME'

const http = {
  PORT: integer(8080, 0, 65_535).describe('TCP port of the API. 0: any free port.'),
  HOST: z.string().default('0.0.0.0').describe('Address that the API listens on. npm start: 127.0.0.1.'),
  PUBLIC_URL: httpUrl
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .describe('Base URL of the API for callers and webhook receivers, used in links. Unset: http://localhost:PORT.')
    .meta({ examples: ['https://exports.example.com'] }),
  HTTP_IDLE_TIMEOUT: duration('65s', '1s').describe(
    'Time after which the API closes an idle connection. Must be longer than the idle timeout of a load balancer in front.',
  ),
  HTTP_HEADERS_TIMEOUT: duration('10s', '100ms').describe(
    'Time in which a client must send the headers of a request. After it, the connection is closed.',
  ),
  HTTP_REQUEST_TIMEOUT: duration('30s', '100ms').describe(
    'Time in which a client must send a whole request, headers and body.',
  ),
  TRUST_PROXY: proxies
    .optional()
    .describe('Proxies whose X-Forwarded-For is trusted: their number, or their addresses and networks. Unset: none.')
    .meta({ examples: ['1'] }),
  CORS_ORIGINS: origins
    .optional()
    .describe(
      'Origins whose pages may call the API from a browser, separated by commas. *: all. Unset: the admin page only.',
    )
    .meta({ examples: ['https://app.example.com'] }),
  RATE_LIMIT_PER_CALLER: integer(30_000, 0, 1_000_000_000).describe(
    'Requests per minute and caller before the API answers 429. 0: no limit. Shared through REDIS_URL, otherwise per process.',
  ),
  RATE_LIMIT_PER_ADDRESS: integer(60_000, 0, 1_000_000_000).describe(
    'Requests per minute and client address (IPv6: per /64 network) with a valid token; separately, to paths without a token. 0: no limit.',
  ),
  RATE_LIMIT_FAILED_LOGINS: integer(300, 0, 1_000_000_000).describe(
    'Requests per minute and client address without a valid token, before others like them are refused. 0: RATE_LIMIT_PER_ADDRESS.',
  ),
  RATE_LIMIT_TRAIL_WRITES: integer(60, 0, 1_000_000_000).describe(
    'Calls per minute and caller that write into the audit trail: requests for exports, changes, and links to files. 0: no limit.',
  ),
  METRICS_TOKEN: bearerToken
    .refine(isNotSample('METRICS_TOKEN'), sampleProblem('openssl rand -hex 24'))
    .optional()
    .describe(
      'Bearer token required to read /metrics, 16 characters or more. Unset: the token of an administrator, or none if HOST is loopback.',
    )
    .meta({ examples: [SAMPLE_SECRETS.METRICS_TOKEN] }),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Minimum level of the JSON log lines: fatal, error, warn, info, debug, trace, silent.'),
}

const databases = {
  DATABASE_URL: postgresUrl
    .describe('Required. postgres:// URL of Waybill\'s own tables, in the schema "waybill".')
    .meta({ examples: ['postgres://waybill:secret@localhost:5432/waybill'] }),
  DATABASE_APP_ROLE: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be lower-case letters, digits and underscores')
    .optional()
    .describe(
      'Role of API and workers in DATABASE_URL. npm run migrate, as the owner, grants it what they need and nothing else. It must exist. Unset: they use the role of the owner.',
    )
    .meta({ examples: ['waybill_app'] }),
  SOURCE_DATABASE_URL: postgresUrl
    .optional()
    .describe(
      'postgres:// URL of the data to export. Read-only access is enough, and it may be a replica. Unset: DATABASE_URL.',
    )
    .meta({ examples: ['postgres://reader:secret@localhost:5432/game'] }),
  SOURCE_STATEMENT_TIMEOUT: duration('30m', '1s').describe(
    'Time limit without a byte from the source while the worker waits for one: the sort before the first row, or a lock.',
  ),
  SOURCE_IDLE_TIMEOUT: duration('10m', '1s').describe(
    'Time limit for the source to wait while the storage takes nothing. After it, the export starts again.',
  ),
  SOURCE_WORK_MEM: z
    .string()
    .regex(/^\d+(kB|MB|GB)$/, 'must be a size in the notation of Postgres, like 64MB')
    .default('64MB')
    .describe(
      'Memory of Postgres for the sort of one export before it uses the disk, with a unit of Postgres: kB, MB, GB.',
    ),
  DATASETS: z
    .string()
    .optional()
    .describe(
      'Your own datasets: a module (./my-datasets.ts) or a package that exports a list "datasets". Unset: none.',
    )
    .meta({ examples: ['./my-datasets.ts'] }),
  GAME_DATASETS: boolean(true).describe(
    'Whether to offer the four datasets of GAME. Set it to false if the source does not have its tables.',
  ),
  SOURCE_PAGE_ROWS: integer(1_000, 1, 100_000).describe(
    'Has no effect: rows are no longer read in pages. The setting is accepted, so that existing files stay valid.',
  ),
}

const queue = {
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })
    .optional()
    .describe('redis:// or rediss:// URL of the queue; Valkey also works. Unset: the queue is in DATABASE_URL.')
    .meta({ examples: ['redis://localhost:6379'] }),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,40}$/, 'must be lower-case letters, digits and underscores')
    .default('waybill')
    .describe(
      'Prefix of the keys in Redis, or of the schema in Postgres (with "_queue" appended). Lower-case letters, digits, _.',
    ),
}

const storage = {
  S3_ENDPOINT: httpUrl
    .optional()
    .describe('URL of the S3 server for api and worker. Unset: AWS.')
    .meta({ examples: ['http://localhost:7070'] }),
  S3_PUBLIC_ENDPOINT: httpUrl
    .optional()
    .describe('URL of the S3 server for downloads; links are signed for it. Unset: S3_ENDPOINT.')
    .meta({ examples: ['https://files.example.com'] }),
  S3_REGION: z.string().default('us-east-1').describe('Region of the bucket.'),
  S3_BUCKET: z
    .string()
    .min(1)
    .describe('Required. Name of the bucket, which must exist.')
    .meta({ examples: ['waybill'] }),
  S3_PREFIX: z
    .string()
    .regex(/^((?!\.\.?\/)[\w.-]+\/)*$/, 'must be empty or end with a slash, without . and .. between slashes')
    .default('')
    .describe('Prefix of all object keys, with a slash at the end. Empty: none.'),
  S3_FORCE_PATH_STYLE: boolean(false).describe(
    'true: the bucket is part of the path, as most servers other than AWS require. false: part of the host name.',
  ),
  S3_ACCESS_KEY_ID: z
    .string()
    .optional()
    .describe(
      'Access key. Unset, together with the secret: the default chain of AWS (environment, profile, machine role).',
    )
    .meta({ examples: ['waybill'] }),
  S3_SECRET_ACCESS_KEY: z
    .string()
    .optional()
    .describe('Secret of the access key. Unset: see S3_ACCESS_KEY_ID.')
    .meta({ examples: ['secret'] }),
  S3_SESSION_TOKEN: z
    .string()
    .optional()
    .describe(
      'Session token of a temporary access key. Unset: none. S3_ROLE_ARN renews its keys, this setting does not.',
    )
    .meta({ examples: ['token'] }),
  S3_ROLE_ARN: z
    .string()
    .regex(/^arn:/, 'must be the ARN of a role, which begins with arn:')
    .optional()
    .describe('Role to assume through AWS STS with the access key or the default chain. Unset: none.')
    .meta({ examples: ['arn:aws:iam::123456789012:role/waybill'] }),
  S3_ROLE_EXTERNAL_ID: z
    .string()
    .optional()
    .describe('External id that the role in S3_ROLE_ARN demands. Unset: none.')
    .meta({ examples: ['waybill-production'] }),
  S3_STS_ENDPOINT: httpUrl
    .optional()
    .describe('URL of the token service for S3_ROLE_ARN. Unset: AWS.')
    .meta({ examples: ['https://sts.example.com'] }),
  S3_CHECKSUMS: z
    .enum(['when_supported', 'when_required'])
    .default('when_supported')
    .describe('when_supported: every request has a checksum. when_required: for servers that refuse such requests.'),
  S3_LIST_UPLOADS: boolean(true).describe(
    'false: the server does not list open multipart uploads. Leftovers are then removed by their recorded ids only.',
  ),
  S3_SSE: z
    .enum(['AES256', 'aws:kms', 'aws:kms:dsse'])
    .optional()
    .describe('Encryption of objects by the server: AES256, aws:kms or aws:kms:dsse. Unset: as the bucket is set up.')
    .meta({ examples: ['aws:kms'] }),
  S3_SSE_KMS_KEY_ID: z
    .string()
    .optional()
    .describe('Key for aws:kms. Unset: the key of the account.')
    .meta({ examples: ['arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'] }),
  S3_STORAGE_CLASS: z
    .string()
    .regex(/^(?!(GLACIER|DEEP_ARCHIVE)$)[A-Z0-9_-]+$/, 'must be a class whose objects can be read at once')
    .optional()
    .describe('Storage class of objects, one that can be read at once. Unset: as the bucket is set up.')
    .meta({ examples: ['STANDARD_IA'] }),
  S3_TAGS: tags
    .optional()
    .describe('Tags of objects, at most 10, as key=value, separated by commas. Unset: none.')
    .meta({ examples: ['team=data,retention=short'] }),
  S3_CHECK_AT_START: boolean(true).describe(
    'true: a worker checks the storage when it starts, with an object of two parts, and logs what does not work.',
  ),
  S3_PART_SIZE: size('5MiB', '5MiB').describe(
    'Minimum size of one part of an upload, 5MiB or more. Parts grow automatically if a file would need more than 1,000.',
  ),
  S3_UPLOAD_CONCURRENCY: integer(3, 1, 32).describe(
    'Parts of one file that are uploaded in parallel. A running export holds about this many parts plus two in memory.',
  ),
  S3_REQUEST_TIMEOUT: duration('60s', '100ms').describe(
    'Time without a response after which a request to the storage is aborted and retried.',
  ),
}

const access = {
  BOOTSTRAP_API_KEY: bearerToken
    .refine(isNotSample('BOOTSTRAP_API_KEY'), sampleProblem('openssl rand -hex 24'))
    .optional()
    .describe(
      'An admin API key that exists from the first start, 16 characters or more. Unset: there is none, and an earlier one expires.',
    )
    .meta({ examples: [SAMPLE_SECRETS.BOOTSTRAP_API_KEY] }),
  OIDC_ISSUER: httpUrl
    .optional()
    .describe('Issuer ("iss") of the accepted OIDC access tokens. The URL must match exactly. Unset: API keys only.')
    .meta({ examples: ['https://sso.example.com/realms/game'] }),
  OIDC_AUDIENCE: z
    .string()
    .optional()
    .describe('Audience ("aud") that a token must have. Required with OIDC_ISSUER. Unset: see OIDC_ISSUER.')
    .meta({ examples: ['waybill'] }),
  OIDC_JWKS_URL: httpUrl
    .optional()
    .describe("URL of the issuer's keys. Unset: taken from <OIDC_ISSUER>/.well-known/openid-configuration.")
    .meta({ examples: ['http://keycloak:8080/realms/game/protocol/openid-connect/certs'] }),
  OIDC_ROLES_CLAIM: z
    .string()
    .default('realm_access.roles')
    .describe('Claim of the token that lists the roles. Dots address nested objects.'),
  OIDC_ADMIN_ROLE: z.string().default(DEFAULT_ADMIN_ROLE).describe('Role of administrators.'),
  OIDC_EXPORTER_ROLE: z
    .string()
    .optional()
    .describe('Role of exporters. Unset: only administrators can use tokens.')
    .meta({ examples: ['ExporterGAME'] }),
  OIDC_REQUIRE_AT_JWT: boolean(false).describe(
    'true: a token must be marked as an access token, by the header "typ: at+jwt" (RFC 9068). Set it if your provider does so.',
  ),
  OIDC_REQUIRED_SCOPE: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be one scope, without spaces')
    .optional()
    .describe('Scope that a token must have, in the claim "scope" or "scp". Unset: none.')
    .meta({ examples: ['waybill.export'] }),
  OIDC_CLOCK_SKEW: duration('30s', '0s').describe(
    "Tolerated difference between the issuer's clock and the clock of Waybill.",
  ),
  OIDC_CLIENT_ID: z
    .string()
    .optional()
    .describe('Public OIDC client of the admin page, which logs in with PKCE. Unset: the page asks for an API key.')
    .meta({ examples: ['waybill-admin'] }),
  OIDC_SCOPES: z
    .string()
    .regex(
      /^(?=.*\bopenid\b)[\x21-\x7e]+( [\x21-\x7e]+)*$/,
      'must be scopes that are separated by one space and include openid',
    )
    .default('openid profile')
    .describe('Scopes that the admin page requests, separated by one space. Must include openid.'),
}

const exportLimits = {
  MAX_ROWS: integer(100_000_000, 1, 2_147_483_646).describe('Maximum number of rows in one file.'),
  MAX_CELL_BYTES: size('1GiB', '1B').describe(
    'Maximum size of one value, in UTF-8. An export with a larger one fails. Postgres cannot send more than 1GiB.',
  ),
  MAX_ROW_BYTES: size('1GiB', '1B').describe(
    'Maximum size of the values of one row together. An export with a larger row fails.',
  ),
  MAX_ACTIVE_EXPORTS: integer(100, 1, 1_000_000).describe(
    'Maximum number of queued or running exports per caller. The next request is answered with 429.',
  ),
  MAX_STORED_BYTES: size('1TiB', '0B').describe(
    'Total size of the stored files of one caller. Above it, the next request is answered with 429. 0B: no limit.',
  ),
  LARGE_EXPORT_ROWS: integer(100_000, 1, 2_147_483_646).describe(
    'Estimated rows from which an export counts as large. Large exports have a separate queue.',
  ),
  EXPORT_TTL: duration('7d', '1s').describe('Time that a file is kept after its export has ended.'),
  EXPORT_TIMEOUT: duration('6h', '1s').describe('Time limit of one attempt at an export.'),
  EXPORT_DEADLINE: duration('24h', '1s').describe(
    'Time after the request until which an export waits for a source or storage that is unavailable. Then it fails.',
  ),
  LINK_TTL: duration('15m', '1s').describe('Validity of a signed link, at most 7d. A link never outlives its file.'),
}

const worker = {
  WORKER_CONCURRENCY: integer(2, 1, 100).describe(
    'Exports that one worker runs in parallel in each of its two lanes, small and large; one more if they are not all of one caller.',
  ),
  WORKER_PORT: z.coerce
    .number({ error: 'must be a whole number' })
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('TCP port of a worker for /healthz, /readyz and /metrics, at the address HOST. 0: any. Unset: none.')
    .meta({ examples: ['9090'] }),
  WORKER_LOCK: duration('30s', '1s').describe(
    'Time without a heartbeat after which a worker loses its export; a third of it if its process has ended.',
  ),
  RECONCILE_INTERVAL: duration('15s', '100ms').describe(
    'Interval of the reconciler, which repairs lost jobs and lost workers and removes expired files.',
  ),
  AUDIT_ANCHOR_INTERVAL: duration('0s', '0s').describe(
    'Interval in which a worker writes the head of the audit trail into the bucket, where audit:verify finds it. 0s: never.',
  ),
  SHUTDOWN_GRACE: duration('30s', '0ms').describe(
    'Time that running exports and requests get to finish after SIGTERM. After it, exports return to the queue.',
  ),
  SHUTDOWN_DELAY: duration('0s', '0ms').describe(
    'Time that the API still accepts requests after SIGTERM, so that a load balancer can remove it first.',
  ),
}

const webhooks = {
  // Only as the first key, which encrypts. After it, the sample lets an old installation replace it.
  WEBHOOK_SECRET_KEYS: secretKeys
    .refine(([first = '']) => isNotSample('WEBHOOK_SECRET_KEYS')(first), sampleProblem('openssl rand -base64 32'))
    .optional()
    .describe(
      'Keys that encrypt webhook secrets, 32 bytes in base64 each, separated by commas, the newest first. Unset: no webhooks.',
    )
    .meta({ examples: [SAMPLE_SECRETS.WEBHOOK_SECRET_KEYS] }),
  WEBHOOK_ALLOW_HTTP: boolean(false).describe('true: webhooks may also use http:// URLs.'),
  WEBHOOK_ALLOWED_NETWORKS: networks
    .optional()
    .describe(
      'Private networks that webhooks may reach on any port, separated by commas. Unset: public addresses on port 443 and 80 only.',
    )
    .meta({ examples: ['10.20.0.0/16,fd12:3456::/32'] }),
  WEBHOOK_DNS_SERVERS: dnsServers
    .optional()
    .describe('DNS servers for the host names of receivers, separated by commas. Unset: those of the machine.')
    .meta({ examples: ['10.0.0.2,10.0.0.3:5353'] }),
  WEBHOOK_TIMEOUT: duration('15s', '100ms').describe(
    'Time limit of one delivery attempt, including the DNS lookup and the whole response.',
  ),
  WEBHOOK_CONCURRENCY: integer(50, 1, 1_000).describe(
    'Webhooks that one worker sends in parallel, at most three of them to one receiver.',
  ),
  WEBHOOK_LOG_TTL: duration('30d', '1s').describe(
    'Time that ended deliveries and the responses of receivers are kept.',
  ),
}

const standalone = {
  DATA_DIR: z
    .string()
    .default('.data')
    .describe(
      'Directory of the embedded Postgres and S3 servers, and of the generated API key. Only its owner can read it.',
    ),
  SAMPLE_ROWS: integer(100_000, 0, 100_000_000).describe(
    'Rows of user points that the first start of the embedded Postgres generates; other tables in proportion. 0: none.',
  ),
}

/** The sections of .env.example. */
export const SETTING_GROUPS: Readonly<Record<string, z.ZodRawShape>> = {
  'HTTP server (api)': http,
  Postgres: databases,
  Queue: queue,
  'Object storage': storage,
  'Authentication and roles': access,
  Exports: exportLimits,
  Worker: worker,
  Webhooks: webhooks,
  'npm start only': standalone,
}

export const settingsSchema = z.object({
  ...http,
  ...databases,
  ...queue,
  ...storage,
  ...access,
  ...exportLimits,
  ...worker,
  ...webhooks,
  ...standalone,
})

/** All settings by the names of their environment variables. Durations are milliseconds, sizes are bytes. */
export type Config = Readonly<z.infer<typeof settingsSchema>>
