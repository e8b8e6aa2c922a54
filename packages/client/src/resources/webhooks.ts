// `client.webhooks`: webhook endpoints and their deliveries, for administrators.
import type {
  DeliveryBody,
  DeliveryListQuery,
  EndpointBody,
  EndpointChangeBody,
  EndpointWithSecretBody,
  NewEndpointBody,
  TryBody,
  TryListQuery,
} from '@waybill/shared/contract/webhooks.ts'
import { items, type Page } from '../http/pages.ts'
import { type CallOptions, type Sent, segment, type Transport } from '../http/transport.ts'

const PATH = '/v1/webhook-endpoints'

export function createWebhooks(transport: Transport) {
  const at = (id: string, rest = '') => `${PATH}/${segment(id)}${rest}`
  const post = async <T>(path: string, body: unknown, { signal }: CallOptions): Promise<T> =>
    (await transport.send<T>({ method: 'POST', path, body, signal })).body

  return {
    /** All of them, newest first, without their secrets. */
    async list({ signal }: CallOptions = {}): Promise<EndpointBody[]> {
      return (await transport.send<{ items: EndpointBody[] }>({ path: PATH, signal })).body.items
    },

    /** The answer is the only one that holds `secret`. Not retried when the answer is lost: check the list then. */
    create: (endpoint: NewEndpointBody, options: CallOptions = {}): Promise<EndpointWithSecretBody> =>
      post(PATH, endpoint, options),

    /** Changes address, events, description. `enabled: false` abandons pending deliveries. */
    async change(id: string, change: EndpointChangeBody, { signal }: CallOptions = {}): Promise<EndpointBody> {
      return (await transport.send<EndpointBody>({ method: 'PATCH', path: at(id), body: change, signal })).body
    },

    /** Removes the endpoint, its secret and its deliveries. */
    async remove(id: string, { signal }: CallOptions = {}): Promise<void> {
      await transport.send({ method: 'DELETE', path: at(id), signal })
    },

    /** Creates a new secret; only this answer holds it. The old one also signs for another 24 hours. */
    rotateSecret: (id: string, options: CallOptions = {}): Promise<EndpointWithSecretBody> =>
      post(at(id, '/rotate-secret'), undefined, options),

    /** Sends a test event, without retries. Its result is in the deliveries. */
    test: (id: string, options: CallOptions = {}): Promise<DeliveryBody> => post(at(id, '/test'), undefined, options),

    /** Deliveries with their last responses, newest first. Pages are requested while you iterate. */
    deliveries: (
      id: string,
      query: Sent<DeliveryListQuery> = {},
      options: CallOptions = {},
    ): AsyncGenerator<DeliveryBody, void, void> =>
      items<DeliveryBody>(transport, at(id, '/deliveries'), { ...query }, options),

    /** One page of the deliveries. */
    async deliveriesPage(
      id: string,
      query: Sent<DeliveryListQuery> = {},
      { signal }: CallOptions = {},
    ): Promise<Page<DeliveryBody>> {
      const call = { path: at(id, '/deliveries'), query: { ...query }, signal }
      return (await transport.send<Page<DeliveryBody>>(call)).body
    },

    /** All attempts of a delivery, newest first. A delivery itself has the last 20. Pages are requested while you iterate. */
    tries: (
      deliveryId: string,
      query: Sent<TryListQuery> = {},
      options: CallOptions = {},
    ): AsyncGenerator<TryBody, void, void> =>
      items<TryBody>(transport, `/v1/webhook-deliveries/${segment(deliveryId)}/tries`, { ...query }, options),

    /** Sends a delivery again now, with the same `webhook-id`. */
    redeliver: (deliveryId: string, options: CallOptions = {}): Promise<DeliveryBody> =>
      post(`/v1/webhook-deliveries/${segment(deliveryId)}/redeliver`, undefined, options),
  }
}
