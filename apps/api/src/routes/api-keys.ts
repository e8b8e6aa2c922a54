// /v1/api-keys: administrators create, list, change, rotate and revoke API keys.
import { changeApiKey, revokeApiKey, rotateApiKey } from '@waybill/shared/access/api-key-changes.ts'
import { type ApiKeyRow, createApiKey, isRestrictedAdmin, listApiKeys } from '@waybill/shared/access/api-keys.ts'
import {
  type ApiKeyBody,
  apiKeyListSchema,
  apiKeyPatchSchema,
  apiKeySchema,
  createdApiKeySchema,
  newApiKeySchema,
  rotationSchema,
} from '@waybill/shared/contract/api-keys.ts'
import { pathIdSchema } from '@waybill/shared/contract/fields.ts'
import { parseDuration } from '@waybill/shared/settings/units.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { Request, Response } from 'express'
import { z } from 'zod'
import { actorOf } from '../auth/actor.ts'
import { callerOf } from '../auth/authenticate.ts'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'

export function apiKeyRoutes({ config, db, datasets: known }: ServerDeps): Route[] {
  // With an identity provider there are administrators without a key, so the last administrator key may be revoked.
  const keepAnAdmin = config.OIDC_ISSUER === undefined
  /** @throws WaybillError FORBIDDEN for an admin key with datasets: it could give itself the rights that it lacks */
  const change = (request: Request, response: Response) => {
    if (isRestrictedAdmin(callerOf(response))) {
      throw new WaybillError('FORBIDDEN', 'A key that is restricted to datasets may not change keys.')
    }
    return { by: actorOf(request, response), keepAnAdmin }
  }
  // Without datasets only in the document for a reader who may export none.
  const nameSchema = known.size === 0 ? z.string() : z.enum([...known.keys()], 'is not a dataset')
  const datasetsSchema = z.array(nameSchema).max(100)
  return [
    defineRoute({
      method: 'get',
      path: '/v1/api-keys',
      access: 'admin',
      operationId: 'listApiKeys',
      tag: 'Access',
      summary: 'List the API keys, without the secrets',
      responses: { 200: { description: 'The API keys.', body: apiKeyListSchema } },
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
      summary: 'Create an API key',
      body: newApiKeySchema
        .extend({
          datasets: datasetsSchema
            .default([])
            .describe('Datasets that the key may export. Empty: all. Must be empty for the role admin.'),
        })
        .meta({ id: 'NewApiKey' }),
      responses: {
        201: {
          description: 'The API key with its secret, which is shown only in this response.',
          body: createdApiKeySchema,
          headers: { Location: 'always' },
        },
      },
      problems: [],
      async handle(request, response, { body: { name, role, datasets, ...body } }) {
        const expiresAt = body.expiresAt === undefined ? undefined : new Date(body.expiresAt)
        const key = { name, role, datasets, expiresAt }
        const { row, secret } = await createApiKey(db, key, change(request, response).by)
        response
          .status(201)
          .location(`/v1/api-keys/${row.id}`)
          .json({ ...presentKey(row), key: secret })
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/api-keys/:id/rotate',
      access: 'admin',
      operationId: 'rotateApiKey',
      tag: 'Access',
      summary: 'Rotate an API key: create a new secret for the same caller',
      description: 'The exports and the rights stay. The old secret stops at once, or at the end of `overlap`.',
      params: { id: pathIdSchema },
      body: rotationSchema,
      responses: {
        200: {
          description: 'The API key with its new secret, which is shown only in this response.',
          body: createdApiKeySchema,
        },
      },
      problems: ['API_KEY_ENDED', 'API_KEY_OF_SETTINGS'],
      async handle(request, response, { params: { id }, body: { overlap } }) {
        const { row, secret } = await rotateApiKey(db, id, readOverlap(overlap), change(request, response))
        response.json({ ...presentKey(row), key: secret })
      },
    }),
    defineRoute({
      method: 'patch',
      path: '/v1/api-keys/:id',
      access: 'admin',
      operationId: 'changeApiKey',
      tag: 'Access',
      summary: 'Change the name, rights or expiry of an API key',
      description: 'Takes effect at once, also for exports that are queued or running.',
      params: { id: pathIdSchema },
      body: apiKeyPatchSchema
        .extend({
          datasets: datasetsSchema
            .optional()
            .describe('Datasets that the key may export. Empty: all. Must be empty for the role admin.'),
        })
        .refine((patch) => Object.keys(patch).length > 0, {
          error: 'must contain at least one field to change',
          when: ({ issues }) => issues.length === 0,
        })
        .meta({ id: 'ApiKeyPatch' }),
      responses: { 200: { description: 'The changed API key.', body: apiKeySchema } },
      problems: ['API_KEY_ENDED', 'API_KEY_OF_SETTINGS', 'LAST_ADMIN_KEY'],
      async handle(request, response, { params: { id }, body }) {
        const expiresAt = typeof body.expiresAt === 'string' ? new Date(body.expiresAt) : body.expiresAt
        response.json(presentKey(await changeApiKey(db, id, { ...body, expiresAt }, change(request, response))))
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/api-keys/:id',
      access: 'admin',
      operationId: 'revokeApiKey',
      tag: 'Access',
      summary: 'Revoke an API key at once and permanently',
      params: { id: pathIdSchema },
      responses: { 204: { description: 'The API key is revoked.' } },
      problems: ['LAST_ADMIN_KEY'],
      async handle(request, response, { params: { id } }) {
        await revokeApiKey(db, id, change(request, response))
        response.status(204).end()
      },
    }),
  ]
}

/** A week is enough to replace the key in all places where it is used. */
const MAX_OVERLAP_MS = 7 * 86_400_000

function readOverlap(text: string): number {
  const overlap = parseDuration(text)
  if (overlap !== undefined && overlap <= MAX_OVERLAP_MS) return overlap
  throw new WaybillError('VALIDATION_FAILED', undefined, {
    errors: [{ path: 'overlap', message: 'must be at most 7d' }],
  })
}

function presentKey(row: ApiKeyRow): ApiKeyBody {
  const { id, name, role, prefix, datasets, createdBy } = row
  return {
    ...{ id, name, role, prefix, datasets, createdBy },
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    rotatedAt: row.rotatedAt?.toISOString() ?? null,
    previousKeyUntil: row.previousExpiresAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  }
}
