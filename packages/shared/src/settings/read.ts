// Reads and checks the settings: the only reader of the environment.
import { type Config, DEFAULT_ADMIN_ROLE, settingsSchema } from './schema.ts'
import { parseDuration } from './units.ts'

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
