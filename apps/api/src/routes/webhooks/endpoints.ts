// /v1/webhook-endpoints: an admin registers, changes, rotates, tests and removes who is told how exports end.
import { pathIdSchema } from '@waybill/shared/contract/fields.ts'
import {
  deliverySchema,
  endpointChangeSchema,
  endpointListSchema,
  endpointSchema,
  endpointWithSecretSchema,
  newEndpointSchema,
} from '@waybill/shared/contract/webhooks.ts'
import { hintDelivery } from '@waybill/shared/queue/delivery-hint.ts'
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
const ADMINS = { access: 'admin', tag: 'Webhooks' } as const
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
      ...ADMINS,
      operationId: 'listWebhookEndpoints',
      summary: 'List the endpoints, newest first, without their secrets',
      answers: { 200: { description: 'All of them.', body: endpointListSchema } },
      problems: [],
      async handle(_request, response) {
        response.json({ items: (await listEndpoints(db)).map(presentEndpoint) })
      },
    }),
    defineRoute({
      method: 'post',
      path: PATH,
      ...ADMINS,
      operationId: 'createWebhookEndpoint',
      summary: 'Register an endpoint that is told how exports end',
      body: newEndpointSchema,
      answers: {
        201: {
          description: 'The endpoint, and its secret, shown this once.',
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
      ...ADMINS,
      operationId: 'changeWebhookEndpoint',
      summary: 'Change an endpoint, disable or enable it',
      params: ID,
      body: endpointChangeSchema,
      answers: { 200: { description: 'As it is now.', body: endpointSchema } },
      problems: [],
      async handle(request, response, { params: { id }, body }) {
        requireUrl(body.url)
        response.json(presentEndpoint(found(await changeEndpoint(db, id, body, actorOf(request, response)))))
      },
    }),
    defineRoute({
      method: 'delete',
      path: `${PATH}/:id`,
      ...ADMINS,
      operationId: 'deleteWebhookEndpoint',
      summary: 'Remove an endpoint, its secret and its deliveries',
      params: ID,
      answers: { 204: { description: 'It is gone.' } },
      problems: [],
      async handle(request, response, { params: { id } }) {
        if (!(await removeEndpoint(db, id, actorOf(request, response)))) throw new WaybillError('NOT_FOUND')
        response.status(204).end()
      },
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/:id/rotate-secret`,
      ...ADMINS,
      operationId: 'rotateWebhookEndpointSecret',
      summary: 'Give an endpoint a new secret; the one before signs beside it for 24 hours',
      params: ID,
      answers: { 200: { description: 'The new secret, shown this once.', body: endpointWithSecretSchema } },
      problems: ['WEBHOOKS_NOT_CONFIGURED'],
      async handle(request, response, { params: { id } }) {
        const { row, secret } = found(await rotateEndpointSecret(db, box, id, actorOf(request, response)))
        response.json({ ...presentEndpoint(row), secret })
      },
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/:id/test`,
      ...ADMINS,
      operationId: 'testWebhookEndpoint',
      summary: 'Send an endpoint a test event, once, also when it is disabled',
      params: ID,
      answers: {
        202: { description: 'On its way; look at the deliveries for what became of it.', body: deliverySchema },
      },
      problems: [],
      async handle(request, response, { params: { id } }) {
        const endpoint = found(await findEndpoint(db, id))
        const delivery = await createTestDelivery(db, endpoint.id, actorOf(request, response))
        await hintDelivery(deps, { id: delivery.id, dueAt: delivery.nextAttemptAt ?? delivery.createdAt })
        response.status(202).json(presentDelivery(delivery, true))
      },
    }),
  ]
}
