// Webhook deliveries of an endpoint or an export, and redelivery.
import { pathIdSchema } from '@waybill/shared/contract/fields.ts'
import {
  deliveryListQuerySchema,
  deliveryListSchema,
  deliverySchema,
  tryListQuerySchema,
  tryListSchema,
} from '@waybill/shared/contract/webhooks.ts'
import { enqueueDelivery } from '@waybill/shared/queue/enqueue-deliveries.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { TEST_EVENT } from '@waybill/shared/vocabulary/webhook-events.ts'
import {
  type DeliveryWithTries,
  findDelivery,
  listDeliveries,
  listTries,
  redeliver,
} from '@waybill/shared/webhooks/deliveries.ts'
import { findEndpoint } from '@waybill/shared/webhooks/endpoints.ts'
import { actorOf } from '../../auth/actor.ts'
import { type Caller, callerOf } from '../../auth/authenticate.ts'
import type { ServerDeps } from '../../deps.ts'
import { findVisible } from '../../exports/visible.ts'
import { toPage } from '../../http/paging.ts'
import { defineRoute, type Route } from '../../http/route.ts'
import { presentDelivery, presentTry } from '../../present/webhooks.ts'

const DELIVERY_LIST = {
  query: deliveryListQuerySchema,
  responses: { 200: { description: 'One page of deliveries, each with its last attempts.', body: deliveryListSchema } },
} as const

export function webhookDeliveryRoutes(deps: ServerDeps): Route[] {
  const { db } = deps
  /** Exporters find only deliveries to the webhookUrl of their own exports. @throws WaybillError NOT_FOUND */
  const find = async (id: string, caller: Caller): Promise<DeliveryWithTries> => {
    const delivery = await findDelivery(db, id)
    if (delivery === undefined) throw new WaybillError('NOT_FOUND')
    if (caller.role === 'admin') return delivery
    if (delivery.endpointId !== null || delivery.exportId === null) throw new WaybillError('NOT_FOUND')
    await findVisible(db, delivery.exportId, caller)
    return delivery
  }
  return [
    defineRoute({
      method: 'get',
      path: '/v1/webhook-endpoints/:id/deliveries',
      access: 'admin',
      operationId: 'listWebhookEndpointDeliveries',
      tag: 'Webhooks',
      summary: 'List the deliveries to an endpoint and its responses, newest first',
      params: { id: pathIdSchema },
      ...DELIVERY_LIST,
      problems: [],
      async handle(_request, response, { params: { id }, query: { limit, cursor } }) {
        if ((await findEndpoint(db, id)) === undefined) throw new WaybillError('NOT_FOUND')
        const rows = await listDeliveries(db, { endpointId: id }, { limit, after: cursor })
        response.json(toPage(rows, limit, (row) => presentDelivery(row, true)))
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/exports/:id/deliveries',
      access: 'caller',
      operationId: 'listExportDeliveries',
      tag: 'Webhooks',
      summary: 'List the deliveries about an export to its webhookUrl; for administrators also to endpoints',
      params: { id: pathIdSchema },
      ...DELIVERY_LIST,
      problems: [],
      async handle(_request, response, { params: { id }, query: { limit, cursor } }) {
        const caller = callerOf(response)
        const { id: exportId } = await findVisible(db, id, caller)
        const isAdmin = caller.role === 'admin'
        const which = isAdmin ? { exportId } : { exportId, endpointId: null }
        const rows = await listDeliveries(db, which, { limit, after: cursor })
        response.json(toPage(rows, limit, (row) => presentDelivery(row, isAdmin)))
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/webhook-deliveries/:id/tries',
      access: 'caller',
      operationId: 'listWebhookDeliveryTries',
      tag: 'Webhooks',
      summary: 'List all attempts of a delivery, newest first',
      params: { id: pathIdSchema },
      query: tryListQuerySchema,
      responses: { 200: { description: 'One page of attempts.', body: tryListSchema } },
      problems: [],
      async handle(_request, response, { params: { id }, query }) {
        const caller = callerOf(response)
        const delivery = await find(id, caller)
        const rows = await listTries(db, delivery.id, query)
        response.json(toPage(rows, query.limit, (row) => presentTry(row, caller.role === 'admin')))
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/webhook-deliveries/:id/redeliver',
      access: 'caller',
      operationId: 'redeliverWebhook',
      tag: 'Webhooks',
      summary: 'Send a delivery again now, with the same id',
      params: { id: pathIdSchema },
      responses: { 202: { description: 'The delivery is scheduled, with all its retries.', body: deliverySchema } },
      problems: ['WEBHOOK_ENDPOINT_DISABLED'],
      async handle(request, response, { params: { id } }) {
        const caller = callerOf(response)
        const delivery = await find(id, caller)
        if (delivery.endpointId !== null && delivery.type !== TEST_EVENT) {
          const endpoint = await findEndpoint(db, delivery.endpointId)
          if (endpoint?.enabled === false) throw new WaybillError('WEBHOOK_ENDPOINT_DISABLED')
        }
        await redeliver(db, delivery, actorOf(request, response))
        const row = await find(id, caller)
        if (row.nextAttemptAt !== null) await enqueueDelivery(deps, { id: row.id, dueAt: row.nextAttemptAt })
        response.status(202).json(presentDelivery(row, caller.role === 'admin'))
      },
    }),
  ]
}
