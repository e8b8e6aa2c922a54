// No log, error, job or event contains a secret, in a run with every kind of failure.
import { createHash, randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deployQueue } from '../../packages/shared/src/queue/backend.ts'
import { readConfig } from '../../packages/shared/src/settings/read.ts'
import { type Api, createDeployment, type Deployment } from '../chaos/setup/deployment.ts'
import { type Program, startProgram } from '../chaos/setup/program.ts'
import { type OwnRedis, startOwnRedis } from '../chaos/setup/queue-server.ts'
import { until } from '../chaos/setup/until.ts'
import { createApiClient } from '../setup/api/api-client.ts'
import { dumpDatabase, dumpRedis, plant, secretsIn } from '../setup/api/planted.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../setup/database.ts'
import { testSettings } from '../setup/system.ts'

/** Every secret of a process, a caller or a server, by name. */
const secrets: Record<string, string> = {
  'the admin key': plant('admin'),
  'the password of Postgres': plant('postgres'),
  'the password of Redis': plant('redis'),
  'a wrong password of Postgres': plant('wrong-postgres'),
  'a wrong password of the source': plant('wrong-source'),
  'a wrong password of Redis': plant('wrong-redis'),
  'a wrong secret of S3': plant('wrong-s3'),
  'a password in the URL of S3': plant('s3-address'),
  'a password in an invalid URL': plant('unusable'),
  'the token for metrics': plant('metrics'),
  'an unknown key': `wb_${plant('guess')}`,
  'an access token': `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(plant('claims')).toString('base64url')}.${plant('signature')}`,
  'a token in a query string': plant('query'),
  'a password in a body that is not JSON': plant('no-json'),
  'a value of an unknown field': plant('field'),
  'an invalid value of a filter': plant('filter'),
  'the name of an unknown dataset': plant('dataset'),
}
/** Secrets that the database has to store, because the webhooks need them. */
const addresses: Record<string, string> = {
  'a token in the query of an endpoint': plant('endpoint-query'),
  'a token in the path of an endpoint': plant('endpoint-path'),
  'a token in the query of a webhookUrl': plant('webhook-url-query'),
  'a token in the path of a webhookUrl': plant('webhook-url-path'),
}
const TRACE = { LOG_LEVEL: 'trace' }
const ROLE = plant('role').replaceAll('-', '_')
const EXPORT = { dataset: 'users', format: 'csv' }

let database: TestDatabase
let redis: OwnRedis
let deployment: Deployment
let settings: Record<string, string>
let redisUrl: string
/** The bodies of error responses and of /metrics. */
const problems: string[] = []
const others: Program[] = []

const asOwner = (sql: string) => withClient(database.url, (client) => client.query(sql))

function withPassword(url: string, password: string, username?: string): string {
  const changed = new URL(url)
  changed.password = password
  if (username !== undefined) changed.username = username
  return changed.href
}

const secret = (name: string): string => {
  const found = secrets[name]
  if (found === undefined) throw new Error(`no secret has the name ${name}`)
  return found
}

beforeAll(async () => {
  database = await createTestDatabase()
  const usual = testSettings(database, 'redis')
  redis = await startOwnRedis(String(usual.QUEUE_PREFIX))
  redisUrl = withPassword(redis.url, secret('the password of Redis'))
  const open = new Redis(redis.url)
  await open.config('SET', 'requirepass', secret('the password of Redis'))
  open.disconnect()
  await asOwner(`CREATE ROLE ${ROLE} SUPERUSER LOGIN PASSWORD '${secret('the password of Postgres')}'`)
  settings = {
    ...usual,
    DATABASE_URL: withPassword(database.url, secret('the password of Postgres'), ROLE),
    REDIS_URL: redisUrl,
    BOOTSTRAP_API_KEY: secret('the admin key'),
    METRICS_TOKEN: secret('the token for metrics'),
    RECONCILE_INTERVAL: '300ms',
    WEBHOOK_ALLOW_HTTP: 'true',
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    WEBHOOK_SECRET_KEYS: randomBytes(32).toString('base64'),
    S3_REQUEST_TIMEOUT: '2s',
    SHUTDOWN_GRACE: '1s',
  }
  secrets['the key of webhook secrets'] = String(settings.WEBHOOK_SECRET_KEYS)
  secrets['the secret of S3'] = String(usual.S3_SECRET_ACCESS_KEY)
  await deployQueue(readConfig(settings))
  deployment = createDeployment(settings)
  await run()
})
afterAll(async () => {
  await Promise.all(others.map((program) => program.stop()))
  await deployment.stop()
  await redis.stop()
  await asOwner(`DROP ROLE ${ROLE}`)
  await database.drop()
})

/** Causes successes and every kind of failure. */
async function run(): Promise<void> {
  const [api, worker] = await Promise.all([deployment.startApi(TRACE), deployment.startWorker(TRACE)])
  const exporter = await succeed(api)
  await refuse(api, exporter)
  await worker.stop()
  await Promise.all([failInWorkers(api).then(failInApis), failToStart()])
  await deployment.stop()
}

/** Creates a key, requests an export and downloads its file. @returns the key */
async function succeed(api: Api): Promise<string> {
  const { body: made } = await api.admin.post('/v1/api-keys', { name: 'exporter', role: 'exporter' })
  secrets["an exporter's key"] = made.key
  const client = api.as(made.key)
  const hook = await api.admin.post('/v1/webhook-endpoints', {
    url: `http://127.0.0.1:1/hook/${addresses['a token in the path of an endpoint']}?token=${addresses['a token in the query of an endpoint']}`,
  })
  secrets["a webhook endpoint's secret"] = hook.body.secret
  secrets["a webhook endpoint's new secret"] = (
    await api.admin.post(`/v1/webhook-endpoints/${hook.body.id}/rotate-secret`, {})
  ).body.secret
  secrets["a caller's webhook secret"] = (await client.get('/v1/me/webhook-secret')).body.secret
  const done = await client.export({
    ...EXPORT,
    webhookUrl: `http://127.0.0.1:1/own/${addresses['a token in the path of a webhookUrl']}?token=${addresses['a token in the query of a webhookUrl']}`,
  })
  const tries = async () => (await asOwner('SELECT FROM waybill.webhook_tries')).rowCount ?? 0
  await until('both webhooks were tried', async () => (await tries()) >= 2)
  const { headers } = await client.get(`/v1/exports/${done.id}/download`)
  for (const [name, link] of [
    ['link', done.download.url],
    ['other link', headers.get('location')],
  ]) {
    const url = new URL(link)
    secrets[`the signature of a ${name}`] = String(url.searchParams.get('X-Amz-Signature'))
    secrets[`the credential of a ${name}`] = String(url.searchParams.get('X-Amz-Credential'))
    expect((await fetch(link)).status).toBe(200)
  }
  await client.post('/v1/exports/preview', EXPORT)
  return made.key
}

/** Requests that the API rejects. */
async function refuse(api: Api, key: string): Promise<void> {
  const client = api.as(key)
  const answers = [
    await api.as(secret('an unknown key')).post('/v1/exports', EXPORT),
    await api.as(secret('an access token')).post('/v1/exports', EXPORT),
    await client.get(`/v1/exports?access_token=${secret('a token in a query string')}`),
    await client.post('/v1/exports', `{"password": "${secret('a password in a body that is not JSON')}`),
    await client.post('/v1/exports', { ...EXPORT, password: secret('a value of an unknown field') }),
    await client.post('/v1/exports', {
      ...EXPORT,
      filters: { dateFrom: secret('an invalid value of a filter') },
    }),
    await client.post('/v1/exports', { ...EXPORT, dataset: secret('the name of an unknown dataset') }),
    await client.post('/v1/exports', { ...EXPORT, dataset: 'audit' }),
    await client.get('/v1/api-keys'),
    await client.get('/metrics'),
  ]
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 422, 400, 422, 422, 422, 403, 403, 401])
  problems.push(...answers.map(({ body }) => JSON.stringify(body)))
  const figures = await api.as(secret('the token for metrics')).get('/metrics')
  expect(figures.status).toBe(200)
  expect(figures.body, 'the process tells of itself, too').toContain('process_resident_memory_bytes')
  problems.push(figures.body)
}

/** Exports that fail because of the settings of the worker. */
async function failInWorkers(api: Api): Promise<void> {
  const cases = [
    [{ S3_SECRET_ACCESS_KEY: secret('a wrong secret of S3') }, 'STORAGE_ACCESS_DENIED'],
    [
      { SOURCE_DATABASE_URL: withPassword(database.url, secret('a wrong password of the source')) },
      'SOURCE_ACCESS_DENIED',
    ],
  ] as const
  for (const [wrong, code] of cases) {
    const worker = await deployment.startWorker({ ...TRACE, ...wrong })
    const failed = await api.admin.export(EXPORT)
    expect(failed).toMatchObject({ status: 'failed', error: { code } })
    problems.push(JSON.stringify(failed))
    await worker.stop()
  }
}

/** An API whose dependencies reject its login or are unavailable. */
async function failInApis(): Promise<void> {
  const deaf = await startOther('deaf-api', 'apps/api/src/main.ts', {
    DATABASE_URL: withPassword(database.url, secret('a wrong password of Postgres')),
    SOURCE_DATABASE_URL: `postgres://reader:${secret('a wrong password of the source')}@127.0.0.1:1/game`,
    REDIS_URL: withPassword(redis.url, secret('a wrong password of Redis')),
    S3_ENDPOINT: `http://user:${secret('a password in the URL of S3')}@127.0.0.1:1`,
  })
  const { port } = await deaf.said('api listens')
  const client = createApiClient(`http://127.0.0.1:${port}`, secret('the admin key'))
  const answers = [await client.get('/readyz'), await client.post('/v1/exports', EXPORT), await client.get('/v1/me')]
  expect(answers.map(({ status }) => status)).toEqual([503, 500, 500])
  problems.push(...answers.map(({ body }) => JSON.stringify(body)))

  const unheard = await deployment.startApi({
    ...TRACE,
    REDIS_URL: withPassword(redis.url, secret('a wrong password of Redis')),
  })
  const answer = await unheard.admin.post('/v1/exports', EXPORT)
  expect(answer.status).toBe(202)
  await unheard.said('the queue is unavailable; the reconciler will enqueue the export')
}

/** A process with invalid settings, and a command that cannot reach its database. */
async function failToStart(): Promise<void> {
  const password = secret('a password in an invalid URL')
  const unusable = await startOther('misled-worker', 'apps/worker/src/main.ts', {
    DATABASE_URL: `mysql://user:${password}@localhost/db`,
    REDIS_URL: `http://:${password}@localhost`,
    S3_ENDPOINT: `ftp://user:${password}@localhost`,
    BOOTSTRAP_API_KEY: 'short',
  })
  expect((await unusable.ended).code).toBe(1)
  const lost = { DATABASE_URL: withPassword(database.url, secret('a wrong password of Postgres')) }
  for (const program of ['apps/api/src/commands/audit-verify.ts', 'apps/api/src/commands/migrate.ts']) {
    const { code } = await (await startOther(program, program, lost)).ended
    expect(code).not.toBe(0)
  }
}

async function startOther(name: string, program: string, wrong: Record<string, string>): Promise<Program> {
  const other = startProgram(name, program, { ...settings, ...TRACE, ...wrong })
  others.push(other)
  return other
}

describe('after a run with every kind of failure', () => {
  const found = (text: string) => secretsIn(text, { ...secrets, ...addresses })
  const output = () => [...deployment.programs(), ...others].map((program) => program.output()).join('\n')

  it('the run had the failures that could leak a secret', () => {
    const said = output()
    for (const message of [
      'export failed',
      'not ready',
      'request failed',
      'the queue is unavailable',
      'The settings cannot be used',
      'password authentication failed',
      'WRONGPASS',
    ]) {
      expect(said, message).toContain(message)
    }
    expect(found(`… ${secret('the admin key')} …`), 'the search finds what is there').toHaveLength(1)
    expect(found(Buffer.from(secret('the admin key')).toString('base64'))).toHaveLength(1)
  })

  it('no secret is in the logs at the level trace', () => expect(found(output())).toEqual([]))

  it('no secret is in an error answer or in the metrics', () => expect(found(problems.join('\n'))).toEqual([]))

  it('no secret is in Redis', async () => {
    const dump = await dumpRedis(redisUrl)
    expect(dump).toContain('exports-')
    expect(found(dump)).toEqual([])
  })

  it('no secret is in the database, except for the hashes of keys', async () => {
    const dump = await dumpDatabase(database.url)
    const { 'waybill.api_keys': keys, 'waybill.audit_events': events } = dump
    expect(keys).toContain(createHash('sha256').update(secret('the admin key')).digest('hex'))
    expect(events).toContain('export.refused')
    for (const [table, rows] of Object.entries(dump)) {
      const isAddressed = table === 'waybill.webhook_endpoints' || table === 'waybill.exports'
      expect(isAddressed ? secretsIn(rows, secrets) : found(rows), table).toEqual([])
    }
  })
})
