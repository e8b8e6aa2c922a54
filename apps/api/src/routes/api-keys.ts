// /v1/api-keys: an admin makes, lists and revokes keys.
import { type ApiKeyRow, createApiKey, listApiKeys, revokeApiKey } from '@waybill/shared/api-keys.ts'
import {
  type ApiKeyBody,
  apiKeyListSchema,
  createdApiKeySchema,
  newApiKeySchema,
} from '@waybill/shared/contract/api-keys.ts'
import { pathIdSchema } from '@waybill/shared/contract/fields.ts'
import type { Datasets } from '@waybill/shared/dataset-registry.ts'
import { WaybillError } from '@waybill/shared/errors.ts'
import { z } from 'zod'
import { callerOf } from '../auth.ts'
import { defineRoute, type Route } from '../route.ts'
import type { ServerDeps } from '../server.ts'

export function apiKeyRoutes({ db, datasets: known }: ServerDeps): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/api-keys',
      access: 'admin',
      operationId: 'listApiKeys',
      tag: 'Access',
      summary: 'List the API keys, without the keys themselves',
      answers: { 200: { description: 'The keys.', body: apiKeyListSchema } },
      problems: [],
      async handle(_request, response) {
        response.json({ items: (await listApiKeys(db)).map(presentKey) })
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/api-keys',
      access: 'admin',
      operationId: 'createApiKey',
      tag: 'Access',
      summary: 'Make an API key',
      body: bodySchema(known),
      answers: {
        201: {
          description: 'The key, shown this once.',
          body: createdApiKeySchema,
          headers: { Location: 'always' },
        },
      },
      problems: [],
      async handle(_request, response, { body: { name, role, datasets, ...body } }) {
        const expiresAt = body.expiresAt === undefined ? undefined : new Date(body.expiresAt)
        const createdBy = callerOf(response).name
        const { row, secret } = await createApiKey(db, { name, role, datasets, expiresAt, createdBy })
        response
          .status(201)
          .location(`/v1/api-keys/${row.id}`)
          .json({ ...presentKey(row), key: secret })
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/api-keys/:id',
      access: 'admin',
      operationId: 'revokeApiKey',
      tag: 'Access',
      summary: 'Revoke an API key, at once and for good',
      params: { id: pathIdSchema },
      answers: { 204: { description: 'It is revoked.' } },
      problems: [],
      async handle(_request, response, { params: { id } }) {
        if (!(await revokeApiKey(db, id))) throw new WaybillError('NOT_FOUND')
        response.status(204).end()
      },
    }),
  ]
}

/** The contract's, with the datasets that there are. */
function bodySchema(known: Datasets) {
  const datasets = z
    .array(z.enum([...known.keys()], 'is not a dataset'))
    .max(100)
    .default([])
  return newApiKeySchema
    .extend({ datasets: datasets.describe('Those that it may export; empty: all.') })
    .meta({ id: 'NewApiKey' })
}

function presentKey(row: ApiKeyRow): ApiKeyBody {
  const { id, name, role, prefix, datasets, createdBy } = row
  return {
    ...{ id, name, role, prefix, datasets, createdBy },
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  }
}
