// Reads and checks the settings: the only reader of the environment.
import { type Config, DEFAULT_ADMIN_ROLE, settingsSchema } from './schema.ts'
import { parseDuration } from './units.ts'

/** All problems of the settings, one per line. Each starts with the name of the setting. */
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

/** An empty variable counts as unset, because compose files pass unset variables as empty. @throws ConfigError */
export function readConfig(
  env: NodeJS.ProcessEnv = process.env,
  defaults: Readonly<Record<string, string>> = {},
): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const given: NodeJS.ProcessEnv = { ...defaults, ...set }
  const parsed = settingsSchema.safeParse(given)
  const invalid = (parsed.error?.issues ?? []).map(({ path, code, message }) => {
    const name = String(path[0])
    return `${name} ${code === 'invalid_type' && given[name] === undefined ? 'is missing' : message}`
  })
  const problems = [...invalid, ...relations(given)]
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(parsed.data)
}

/** For tools that only need Waybill's own tables. @throws ConfigError */
export function readDatabaseUrl(env: NodeJS.ProcessEnv = process.env): string {
  const parsed = settingsSchema.shape.DATABASE_URL.safeParse(env.DATABASE_URL === '' ? undefined : env.DATABASE_URL)
  if (parsed.success) return parsed.data
  throw new ConfigError([`DATABASE_URL ${env.DATABASE_URL ? (parsed.error.issues[0]?.message ?? '') : 'is missing'}`])
}

/** Which services the standalone process must provide, known before the settings are complete. */
export function readStandaloneNeeds(env: NodeJS.ProcessEnv = process.env) {
  const isSet = (name: string) => (env[name] ?? '') !== ''
  return {
    dataDir: isSet('DATA_DIR') ? String(env.DATA_DIR) : '.data',
    postgres: !isSet('DATABASE_URL'),
    s3: !isSet('S3_BUCKET'),
    /** If the default port is in use, another one may be used. */
    anyPort: !isSet('PORT'),
    apiKey: !isSet('BOOTSTRAP_API_KEY'),
    webhookKey: !isSet('WEBHOOK_SECRET_KEYS'),
  }
}

/** Problems between settings. They are found in the text of the settings, to be reported together with all others. */
function relations(given: NodeJS.ProcessEnv): string[] {
  const problems: string[] = []
  if ((given.S3_ACCESS_KEY_ID === undefined) !== (given.S3_SECRET_ACCESS_KEY === undefined)) {
    problems.push('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set together or not at all')
  }
  for (const [name, needed] of [
    ['S3_SESSION_TOKEN', 'S3_ACCESS_KEY_ID'],
    ['S3_ROLE_EXTERNAL_ID', 'S3_ROLE_ARN'],
    ['S3_STS_ENDPOINT', 'S3_ROLE_ARN'],
  ] as const) {
    if (given[name] !== undefined && given[needed] === undefined) problems.push(`${name} needs ${needed}`)
  }
  if (given.S3_SSE_KMS_KEY_ID !== undefined && !given.S3_SSE?.startsWith('aws:kms')) {
    problems.push('S3_SSE_KMS_KEY_ID needs S3_SSE=aws:kms or aws:kms:dsse')
  }
  if ((given.OIDC_ISSUER === undefined) !== (given.OIDC_AUDIENCE === undefined)) {
    problems.push(
      'OIDC_ISSUER and OIDC_AUDIENCE must be set together: without an audience, tokens for other services would be accepted',
    )
  }
  const forIssuer = ['OIDC_JWKS_URL', 'OIDC_CLIENT_ID', 'OIDC_EXPORTER_ROLE', 'OIDC_REQUIRED_SCOPE']
  for (const name of forIssuer) {
    if (given[name] !== undefined && given.OIDC_ISSUER === undefined) problems.push(`${name} needs OIDC_ISSUER`)
  }
  if (given.OIDC_EXPORTER_ROLE === (given.OIDC_ADMIN_ROLE ?? DEFAULT_ADMIN_ROLE)) {
    problems.push('OIDC_EXPORTER_ROLE must differ from OIDC_ADMIN_ROLE')
  }
  if (given.REDIS_URL === undefined && /[?&]pgbouncer=true(&|$)/.test(given.DATABASE_URL ?? '')) {
    problems.push('REDIS_URL is needed: the queue cannot be in a DATABASE_URL with pgbouncer=true, as it listens there')
  }
  const milliseconds = (name: string, fallback: number) => parseDuration(given[name] ?? '') ?? fallback
  if (milliseconds('HTTP_HEADERS_TIMEOUT', 10_000) > milliseconds('HTTP_REQUEST_TIMEOUT', 30_000)) {
    problems.push('HTTP_HEADERS_TIMEOUT must not be longer than HTTP_REQUEST_TIMEOUT, which includes the headers')
  }
  const linkTtl = parseDuration(given.LINK_TTL ?? '') ?? 0
  if (linkTtl > 7 * 86_400_000) problems.push('LINK_TTL must be at most 7d, the limit of S3')
  return problems
}

/** The settings for a check of datasets, which only needs the source. @param module replaces DATASETS */
export function readDatasetConfigOrExit(module: string | undefined): Config {
  const { SOURCE_DATABASE_URL: source } = process.env
  try {
    return readConfig(
      { ...process.env, ...(module === undefined ? {} : { DATASETS: module }) },
      // The check uses neither storage nor ledger, so these settings only need to be valid.
      { S3_BUCKET: 'none', ...(source === undefined ? {} : { DATABASE_URL: source }) },
    )
  } catch (error) {
    exitForConfig(error)
  }
}

/** The settings for a check of the storage, which needs no database. */
export function readStorageConfigOrExit(): Config {
  return readConfigOrExit({ DATABASE_URL: 'postgres://none' })
}

/** Reads the settings. If they are not valid, prints the problems and exits. */
export function readConfigOrExit(defaults: Readonly<Record<string, string>> = {}, exitCode = 1): Config {
  try {
    return readConfig(process.env, defaults)
  } catch (error) {
    exitForConfig(error, exitCode)
  }
}

/** For a command that only needs the ledger, so that an auditor needs no keys of the storage. */
export function readDatabaseUrlOrExit(exitCode: number): string {
  const parsed = settingsSchema.shape.DATABASE_URL.safeParse(process.env.DATABASE_URL ?? '')
  if (parsed.success) return parsed.data
  exitForConfig(new ConfigError(['DATABASE_URL is missing or is not a postgres:// URL']), exitCode)
}

/** For audit:verify, which also reads the bucket where one is set. Undefined: `S3_BUCKET` is not set. */
export function readConfigWithBucketOrExit(exitCode: number): Config | undefined {
  return (process.env.S3_BUCKET ?? '') === '' ? undefined : readConfigOrExit({}, exitCode)
}

/** Prints a ConfigError and exits. Throws any other error. */
export function exitForConfig(error: unknown, exitCode = 1): never {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(exitCode)
}
