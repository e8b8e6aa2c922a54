// Invalid settings are reported before anything starts: all at once, by name, and without secrets.
import { SAMPLE_SECRETS } from '@waybill/shared/settings/fields.ts'
import { ConfigError, readConfig, readStandaloneNeeds } from '@waybill/shared/settings/read.ts'
import { describe, expect, it } from 'vitest'

const GOOD = { DATABASE_URL: 'postgres://user:hush-hush@db:5432/waybill', S3_BUCKET: 'exports' }

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig({ ...GOOD, ...env })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('settings', () => {
  it('need few values, and the result is frozen', () => {
    const config = readConfig(GOOD)
    expect(config).toMatchObject({ PORT: 8080, EXPORT_TTL: 604_800_000, LINK_TTL: 900_000, S3_PART_SIZE: 5_242_880 })
    expect(config.REDIS_URL).toBeUndefined()
    expect(() => Object.assign(config, { PORT: 1 })).toThrow(TypeError)
  })

  it('for proxies accept a number, addresses or names of networks', () => {
    const trusted = (TRUST_PROXY: string) => readConfig({ ...GOOD, TRUST_PROXY }).TRUST_PROXY
    expect(trusted('2')).toBe(2)
    expect(trusted('loopback, 10.0.0.0/8, fd00::/8')).toEqual(['loopback', '10.0.0.0/8', 'fd00::/8'])
    expect(readConfig(GOOD).TRUST_PROXY).toBeUndefined()
  })

  it('that are empty count as unset, as compose files write them', () => {
    const empty = { PORT: '', REDIS_URL: '', S3_ENDPOINT: '', BOOTSTRAP_API_KEY: '', EXPORT_TTL: '' }
    expect(readConfig({ ...GOOD, ...empty })).toEqual(readConfig(GOOD))
    expect(problemsOf({ S3_BUCKET: '' })).toEqual(['S3_BUCKET is missing'])
  })

  it('of the environment take precedence over provided defaults', () => {
    expect(readConfig({ ...GOOD, PORT: '9000' }, { PORT: '1', HOST: 'here' })).toMatchObject({
      PORT: 9000,
      HOST: 'here',
    })
    expect(readConfig({ ...GOOD, PORT: '' }, { PORT: '1' }).PORT).toBe(1)
  })

  it('are all reported at once when they are invalid, including conflicts between two of them', () => {
    const problems = problemsOf({
      DATABASE_URL: 'mysql://user:hush-hush@db/x',
      S3_BUCKET: '',
      EXPORT_TTL: '7',
      LINK_TTL: '8d',
      S3_ACCESS_KEY_ID: 'only-half',
      WORKER_CONCURRENCY: 'many',
      S3_FORCE_PATH_STYLE: 'yes',
      BOOTSTRAP_API_KEY: 'hush',
    })
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
      'BOOTSTRAP_API_KEY',
      'DATABASE_URL',
      'EXPORT_TTL',
      'LINK_TTL',
      'S3_ACCESS_KEY_ID',
      'S3_BUCKET',
      'S3_FORCE_PATH_STYLE',
      'WORKER_CONCURRENCY',
    ])
    expect(problems.join('\n')).not.toContain('hush')
  })

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['LOG_LEVEL', 'loud'],
    ['REDIS_URL', 'http://redis'],
    ['S3_ENDPOINT', 's3.example.org'],
    ['S3_PART_SIZE', '4MiB'],
    ['S3_PART_SIZE', '16'],
    ['S3_PREFIX', '/exports/'],
    ['S3_PREFIX', 'exports'],
    ['S3_PREFIX', 'a/../b/'],
    ['S3_SECRET_ACCESS_KEY', 'only-half'],
    ['S3_SESSION_TOKEN', 'without-a-key'],
    ['S3_ROLE_ARN', 'waybill'],
    ['S3_ROLE_EXTERNAL_ID', 'without-a-role'],
    ['S3_STS_ENDPOINT', 'https://sts.example.com'],
    ['S3_CHECKSUMS', 'never'],
    ['S3_SSE', 'aes256'],
    ['S3_SSE_KMS_KEY_ID', 'without-kms'],
    ['S3_STORAGE_CLASS', 'DEEP_ARCHIVE'],
    ['S3_TAGS', 'no-value'],
    ['S3_TAGS', Array.from({ length: 11 }, (_, i) => `k${i}=v`).join(',')],
    ['MAX_CELL_BYTES', '0B'],
    ['MAX_ROW_BYTES', '1000000'],
    ['QUEUE_PREFIX', 'x"; DROP SCHEMA waybill'],
    ['SOURCE_WORK_MEM', '64MB; SET x'],
    ['SOURCE_PAGE_ROWS', '0'],
    ['MAX_ROWS', '2147483647'],
    ['WORKER_LOCK', '10ms'],
    ['LINK_TTL', '169h'],
    ['EXPORT_TTL', 'forever'],
    ['EXPORT_TTL', '7constructor'],
    ['BOOTSTRAP_API_KEY', 'fifteen-letters'],
    ['BOOTSTRAP_API_KEY', 'a pass phrase that no header can hold'],
    ['BOOTSTRAP_API_KEY', 'пароль-администратора'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', 'proxy.example.com'],
    ['CORS_ORIGINS', 'app.example.com'],
    ['CORS_ORIGINS', 'https://app.example.com/'],
    ['CORS_ORIGINS', 'https://app.example.com,'],
    ['RATE_LIMIT_PER_CALLER', '-1'],
    ['HTTP_HEADERS_TIMEOUT', '31s'],
    ['OIDC_AUDIENCE', 'without-an-issuer'],
    ['OIDC_CLIENT_ID', 'without-an-issuer'],
    ['OIDC_JWKS_URL', 'https://sso.example.com/keys'],
    ['OIDC_SCOPES', 'profile'],
  ])('%s cannot be %s', (name, value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(name)
  })
})

describe('the sample secrets of .env.example', () => {
  it.each(Object.entries(SAMPLE_SECRETS))('%s is refused, with the command that creates a secret', (name, sample) => {
    expect(problemsOf({ [name]: sample })).toEqual([
      expect.stringMatching(`^${name} is the sample value of \\.env\\.example, .*openssl rand`),
    ])
  })

  it('may stay as an old webhook key, so that an installation can replace it', () => {
    const own = Buffer.alloc(32, 'own').toString('base64')
    expect(problemsOf({ WEBHOOK_SECRET_KEYS: `${own},${SAMPLE_SECRETS.WEBHOOK_SECRET_KEYS}` })).toEqual([])
    expect(problemsOf({ WEBHOOK_SECRET_KEYS: `${SAMPLE_SECRETS.WEBHOOK_SECRET_KEYS},${own}` })).toHaveLength(1)
  })
})

describe('settings of the identity provider', () => {
  const OIDC = { OIDC_ISSUER: 'https://sso.example.com/realms/game', OIDC_AUDIENCE: 'waybill' }

  it('are refused without an audience, which would accept tokens of other services', () => {
    expect(problemsOf({ OIDC_ISSUER: OIDC.OIDC_ISSUER })).toEqual([expect.stringContaining('OIDC_AUDIENCE')])
    expect(problemsOf(OIDC)).toEqual([])
  })

  it('require two different roles', () => {
    const same = { OIDC_ADMIN_ROLE: 'staff', OIDC_EXPORTER_ROLE: 'staff' }
    expect(problemsOf({ ...OIDC, ...same })).toEqual([expect.stringContaining('OIDC_EXPORTER_ROLE')])
    expect(problemsOf({ ...OIDC, OIDC_EXPORTER_ROLE: 'AdministratorGAME' })).toHaveLength(1)
  })
})

it('a standalone process embeds only the servers that are not configured', () => {
  const none = { dataDir: '.data', postgres: true, s3: true, anyPort: true, apiKey: true, webhookKey: true }
  expect(readStandaloneNeeds({})).toEqual(none)
  expect(readStandaloneNeeds({ DATABASE_URL: '', S3_BUCKET: '', PORT: '', BOOTSTRAP_API_KEY: '' })).toEqual(none)
  expect(
    readStandaloneNeeds({ ...GOOD, PORT: '1', BOOTSTRAP_API_KEY: 'x', WEBHOOK_SECRET_KEYS: 'x', DATA_DIR: 'there' }),
  ).toEqual({
    dataDir: 'there',
    postgres: false,
    s3: false,
    anyPort: false,
    apiKey: false,
    webhookKey: false,
  })
})

it('a ledger behind PgBouncer needs the queue in Redis', () => {
  const pooled = { ...GOOD, DATABASE_URL: `${GOOD.DATABASE_URL}?pgbouncer=true` }
  expect(() => readConfig(pooled)).toThrow('REDIS_URL is needed')
  expect(readConfig({ ...pooled, REDIS_URL: 'redis://localhost:6379' }).REDIS_URL).toBe('redis://localhost:6379')
})
