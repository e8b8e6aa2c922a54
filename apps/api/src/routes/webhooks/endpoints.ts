// /v1/webhook-endpoints: administrators create, change, test and delete endpoints, and rotate their secrets.
import { pathIdSchema } from '@waybill/shared/contract/fields.ts'
import {
  deliverySchema,
  endpointChangeSchema,
  endpointListSchema,
  endpointSchema,
  endpointWithSecretSchema,
  newEndpointSchema,
} from '@waybill/shared/contract/webhooks.ts'
import { enqueueDelivery } from '@waybill/shared/queue/enqueue-deliveries.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { createTestDelivery } from '@waybill/shared/webhooks/deliveries.ts'
import {
  changeEndpoint,
  createEndpoint,
  findEndpoint,
  listEndpoints,
  removeEndpoint,
  rotateEndpointSecret,
} from '@waybill/shared/webhooks/endpoints.ts'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import { urlRules, webhookUrlFault } from '@waybill/shared/webhooks/url.ts'
import { actorOf } from '../../auth/actor.ts'
import type { ServerDeps } from '../../deps.ts'
import { defineRoute, type Route } from '../../http/route.ts'
import { presentDelivery, presentEndpoint } from '../../present/webhooks.ts'

const PATH = '/v1/webhook-endpoints'
const ADMIN_ROUTE = { access: 'admin', tag: 'Webhooks' } as const
const ID = { id: pathIdSchema }

export function webhookEndpointRoutes(deps: ServerDeps): Route[] {
  const { config, db } = deps
  const box = createSecretBox(config.WEBHOOK_SECRET_KEYS)
  const rules = urlRules(config)
  const requireUrl = (url: string | undefined) => {
    const message = url === undefined ? undefined : webhookUrlFault(url, rules)
    if (message === undefined) return
    throw new WaybillError('VALIDATION_FAILED', undefined, { errors: [{ path: 'url', message }] })
  }
  const found = <T>(value: T | undefined): T => {
    if (value === undefined) throw new WaybillError('NOT_FOUND')
    return value
  }
  return [
    defineRoute({
      method: 'get',
      path: PATH,
      ...ADMIN_ROUTE,
      operationId: 'listWebhookEndpoints',
      summary: 'List the webhook endpoints, newest first, without their secrets',
      responses: { 200: { description: 'All endpoints.', body: endpointListSchema } },
      problems: [],
      async handle(_request, response) {
        response.json({ items: (await listEndpoints(db)).map(presentEndpoint) })
      },
    }),
    defineRoute({
      method: 'post',
      path: PATH,
      ...ADMIN_ROUTE,
      operationId: 'createWebhookEndpoint',
      summary: 'Create a webhook endpoint that is notified when exports end',
      body: newEndpointSchema,
      responses: {
        201: {
          description: 'The endpoint with its secret, which is shown only in this response.',
          body: endpointWithSecretSchema,
          headers: { Location: 'always' },
        },
      },
      problems: ['WEBHOOKS_NOT_CONFIGURED'],
      async handle(request, response, { body }) {
        requireUrl(body.url)
        const { row, secret } = await createEndpoint(db, box, body, actorOf(request, response))
        response
          .status(201)
          .location(`${PATH}/${row.id}`)
          .json({ ...presentEndpoint(row), secret })
      },
    }),
    defineRoute({
      method: 'patch',
      path: `${PATH}/:id`,
      ...ADMIN_ROUTE,
      operationId: 'changeWebhookEndpoint',
      summary: 'Change, disable or enable a webhook endpoint',
      params: ID,
      body: endpointChangeSchema,
      responses: { 200: { description: 'The changed endpoint.', body: endpointSchema } },
      problems: [],
      async handle(request, response, { params: { id }, body }) {
        requireUrl(body.url)
        response.json(presentEndpoint(found(await changeEndpoint(db, id, body, actorOf(request, response)))))
      },
    }),
    defineRoute({
      method: 'delete',
      path: `${PATH}/:id`,
      ...ADMIN_ROUTE,
      operationId: 'deleteWebhookEndpoint',
      summary: 'Delete a webhook endpoint, its secret and its deliveries',
      params: ID,
      responses: { 204: { description: 'The endpoint is deleted.' } },
      problems: [],
      async handle(request, response, { params: { id } }) {
        if (!(await removeEndpoint(db, id, actorOf(request, response)))) throw new WaybillError('NOT_FOUND')
        response.status(204).end()
      },
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/:id/rotate-secret`,
      ...ADMIN_ROUTE,
      operationId: 'rotateWebhookEndpointSecret',
      summary: 'Rotate the secret of a webhook endpoint; the old secret also signs for 24 hours',
      params: ID,
      responses: {
        200: {
          description: 'The endpoint with its new secret, which is shown only in this response.',
          body: endpointWithSecretSchema,
        },
      },
      problems: ['WEBHOOKS_NOT_CONFIGURED'],
      async handle(request, response, { params: { id } }) {
        const { row, secret } = found(await rotateEndpointSecret(db, box, id, actorOf(request, response)))
        response.json({ ...presentEndpoint(row), secret })
      },
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/:id/test`,
      ...ADMIN_ROUTE,
      operationId: 'testWebhookEndpoint',
      summary: 'Send one test event to a webhook endpoint, also to a disabled one',
      params: ID,
      responses: {
        202: {
          description: 'The test event is scheduled. The list of deliveries shows its outcome.',
          body: deliverySchema,
        },
      },
      problems: [],
      async handle(request, response, { params: { id } }) {
        const endpoint = found(await findEndpoint(db, id))
        const delivery = await createTestDelivery(db, endpoint.id, actorOf(request, response))
        await enqueueDelivery(deps, { id: delivery.id, dueAt: delivery.nextAttemptAt ?? delivery.createdAt })
        response.status(202).json(presentDelivery(delivery, true))
      },
    }),
  ]
}
