// The table of the access tests: who may use each route, and how to call it. A new route needs an entry here.
import type { Config } from '../../../packages/shared/src/settings/schema.ts'
import { type TestDatabase, withClient } from '../database.ts'
import type { ApiClient, Json } from './api-client.ts'

export interface Fixtures {
  /** The client of the exporter who owns everything that the rules create. */
  readonly exporter: ApiClient
  readonly admin: ApiClient
  /** A completed export of the exporter. */
  readonly exportId: string
  readonly config: Config
  readonly database: TestDatabase
}

export interface Rule {
  /**
   * `open`: no token is required. `optional`: no token is required, but an invalid one is refused. `own`: the exporter who owns the resource, and admins; it does not exist for others.
   * `each`: every caller, for its own resources. `admin`: admins only.
   */
  readonly kind: 'open' | 'optional' | 'own' | 'each' | 'admin'
  /** The status for callers with access. */
  readonly ok: number
  readonly body?: Json
  /** Creates the resource of the route, once per request if the request changes it. @returns the id or name in the path */
  readonly prepare?: (fixtures: Fixtures) => Promise<string> | string
  /** Reads the state that a refused request must not change. */
  readonly look?: (fixtures: Fixtures, id: string) => Promise<Json>
}

const EXPORT = { dataset: 'users', format: 'csv' }

const completedExport = ({ exportId }: Fixtures) => exportId
const lookAtExport = async ({ admin }: Fixtures, id: string) => (await admin.get(`/v1/exports/${id}`)).body.status
const countExports = async ({ admin }: Fixtures) =>
  (await admin.get('/v1/exports?scope=all&limit=200')).body.items.length
const countKeys = async ({ admin }: Fixtures) => (await admin.get('/v1/api-keys')).body.items.length
const lookAtKey = async ({ admin }: Fixtures, id: string) =>
  (await admin.get('/v1/api-keys')).body.items.find((key: Json) => key.id === id)

async function newFile({ exporter }: Fixtures): Promise<string> {
  return (await exporter.export(EXPORT)).id
}

/** An export that stays running: no worker has its attempt, and its heartbeat is in the future. */
async function runningExport({ exporter, database }: Fixtures): Promise<string> {
  const { body } = await exporter.post('/v1/exports', EXPORT)
  await exporter.ended(body.id)
  await withClient(database.url, (client) =>
    client.query(
      `UPDATE waybill.exports SET status = 'running', attempt_token = gen_random_uuid(),
      heartbeat_at = now() + interval '1 hour', finished_at = NULL WHERE id = $1`,
      [body.id],
    ),
  )
  return body.id
}

async function newKey({ admin }: Fixtures): Promise<string> {
  return (await admin.post('/v1/api-keys', { name: 'to be changed', role: 'exporter' })).body.id
}

/** The worker refuses this address at once, without a DNS request. */
const REFUSED_URL = 'https://nowhere.localhost/'

const listEndpoints = async ({ admin }: Fixtures) => (await admin.get('/v1/webhook-endpoints')).body.items
const countEndpoints = async (fixtures: Fixtures) => (await listEndpoints(fixtures)).length
const lookAtEndpoint = async (fixtures: Fixtures, id: string) =>
  (await listEndpoints(fixtures)).find((endpoint: Json) => endpoint.id === id)

/** Subscribes to an event that no rule causes. */
async function newEndpoint({ admin }: Fixtures): Promise<string> {
  return (await admin.post('/v1/webhook-endpoints', { url: REFUSED_URL, events: ['export.failed'] })).body.id
}

async function newDelivery({ exporter }: Fixtures): Promise<string> {
  const { id } = await exporter.export({ ...EXPORT, webhookUrl: REFUSED_URL })
  return (await exporter.get(`/v1/exports/${id}/deliveries`)).body.items[0].id
}

export const ACCESS_RULES: Readonly<Record<string, Rule>> = {
  'GET /healthz': { kind: 'open', ok: 200 },
  'GET /readyz': { kind: 'open', ok: 200 },
  'GET /metrics': { kind: 'open', ok: 200 },
  'GET /auth/config.json': { kind: 'open', ok: 200 },
  'GET /openapi.json': { kind: 'optional', ok: 200 },
  'GET /docs': { kind: 'open', ok: 200 },
  'GET /docs/:file': { kind: 'open', ok: 200, prepare: () => 'start.js' },

  'GET /v1/me': { kind: 'each', ok: 200 },
  'GET /v1/datasets': { kind: 'each', ok: 200 },
  'GET /v1/exports': { kind: 'each', ok: 200 },
  'GET /v1/exports/history': { kind: 'each', ok: 200 },
  'POST /v1/exports': { kind: 'each', ok: 202, body: EXPORT, look: countExports },
  'POST /v1/exports/preview': { kind: 'each', ok: 200, body: EXPORT },

  'GET /v1/exports/:id': { kind: 'own', ok: 200, prepare: completedExport },
  'GET /v1/exports/:id/download': { kind: 'own', ok: 303, prepare: completedExport },
  'GET /v1/exports/:id/manifest': { kind: 'own', ok: 200, prepare: completedExport },
  'GET /v1/exports/:id/events': { kind: 'own', ok: 200, prepare: completedExport },
  'POST /v1/exports/:id/cancel': { kind: 'own', ok: 202, prepare: runningExport, look: lookAtExport },
  'DELETE /v1/exports/:id': { kind: 'own', ok: 204, prepare: newFile, look: lookAtExport },

  'GET /v1/me/webhook-secret': { kind: 'each', ok: 200 },
  'POST /v1/me/webhook-secret/rotate': { kind: 'each', ok: 200 },
  'GET /v1/exports/:id/deliveries': { kind: 'own', ok: 200, prepare: completedExport },
  'GET /v1/webhook-deliveries/:id/tries': { kind: 'own', ok: 200, prepare: newDelivery },
  'POST /v1/webhook-deliveries/:id/redeliver': { kind: 'own', ok: 202, prepare: newDelivery },

  'GET /v1/webhook-endpoints': { kind: 'admin', ok: 200 },
  'POST /v1/webhook-endpoints': { kind: 'admin', ok: 201, body: { url: REFUSED_URL }, look: countEndpoints },
  'PATCH /v1/webhook-endpoints/:id': {
    ...{ kind: 'admin', ok: 200, body: { enabled: false }, prepare: newEndpoint, look: lookAtEndpoint },
  },
  'DELETE /v1/webhook-endpoints/:id': { kind: 'admin', ok: 204, prepare: newEndpoint, look: lookAtEndpoint },
  'POST /v1/webhook-endpoints/:id/rotate-secret': {
    ...{ kind: 'admin', ok: 200, prepare: newEndpoint, look: lookAtEndpoint },
  },
  'POST /v1/webhook-endpoints/:id/test': { kind: 'admin', ok: 202, prepare: newEndpoint },
  'GET /v1/webhook-endpoints/:id/deliveries': { kind: 'admin', ok: 200, prepare: newEndpoint },

  'GET /v1/system': { kind: 'admin', ok: 200 },
  'GET /v1/audit': { kind: 'admin', ok: 200 },
  'GET /v1/api-keys': { kind: 'admin', ok: 200 },
  'POST /v1/api-keys': { kind: 'admin', ok: 201, body: { name: 'new', role: 'admin' }, look: countKeys },
  'PATCH /v1/api-keys/:id': { kind: 'admin', ok: 200, body: { role: 'admin' }, prepare: newKey, look: lookAtKey },
  'POST /v1/api-keys/:id/rotate': { kind: 'admin', ok: 200, prepare: newKey, look: lookAtKey },
  'DELETE /v1/api-keys/:id': { kind: 'admin', ok: 204, prepare: newKey, look: lookAtKey },
}
