// /v1/api-keys: an admin makes, lists and revokes keys.
import { type ApiKeyRow, createApiKey, listApiKeys, revokeApiKey } from '@waybill/shared/api-keys.ts'
import type { Datasets } from '@waybill/shared/dataset-registry.ts'
import { WaybillError } from '@waybill/shared/errors.ts'
import { isStorableText, NOT_STORABLE } from '@waybill/shared/text.ts'
import { z } from 'zod'
import { callerOf } from '../auth.ts'
import { readBody, readId } from '../request.ts'
import type { Route } from '../router.ts'
import type { ServerDeps } from '../server.ts'

const newKeySchema = z.strictObject({
  name: z.string().trim().min(1).max(100).refine(isStorableText, NOT_STORABLE),
  role: z.enum(['admin', 'exporter']),
  datasets: z.array(z.string()).max(100).default([]),
  expiresAt: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .refine((time) => time > new Date(), 'must be in the future')
    .optional(),
})

export function apiKeyRoutes({ db, datasets: known }: ServerDeps): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/api-keys',
      access: 'admin',
      async handle(_request, response) {
        response.json({ items: (await listApiKeys(db)).map(presentKey) })
      },
    },
    {
      method: 'post',
      path: '/v1/api-keys',
      access: 'admin',
      async handle(request, response) {
        const { name, role, datasets, expiresAt } = readBody(request, newKeySchema)
        requireKnown(datasets, known)
        const createdBy = callerOf(response).name
        const { row, secret } = await createApiKey(db, { name, role, datasets, expiresAt, createdBy })
        response
          .status(201)
          .location(`/v1/api-keys/${row.id}`)
          .json({ ...presentKey(row), key: secret })
      },
    },
    {
      method: 'delete',
      path: '/v1/api-keys/:id',
      access: 'admin',
      async handle(request, response) {
        if (!(await revokeApiKey(db, readId(request)))) throw new WaybillError('NOT_FOUND')
        response.status(204).end()
      },
    },
  ]
}

/** @throws WaybillError VALIDATION_FAILED */
function requireKnown(names: readonly string[], known: Datasets): void {
  const errors = names.flatMap((name, index) =>
    known.has(name) ? [] : [{ path: `datasets[${index}]`, message: 'is not a dataset' }],
  )
  if (errors.length > 0) throw new WaybillError('VALIDATION_FAILED', undefined, { errors })
}

function presentKey(row: ApiKeyRow) {
  const { id, name, role, prefix, datasets, createdBy, createdAt, expiresAt, revokedAt, lastUsedAt } = row
  return { id, name, role, prefix, datasets, createdBy, createdAt, expiresAt, revokedAt, lastUsedAt }
}
