// `client.webhooks`: the endpoints that are told how exports end, and what became of each message; for administrators.
import type {
  DeliveryBody,
  DeliveryListQuery,
  EndpointBody,
  EndpointChangeBody,
  EndpointWithSecretBody,
  NewEndpointBody,
} from '@waybill/shared/contract/webhooks.ts'
import { items } from '../http/pages.ts'
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

    /** `secret` in the answer is shown this once. Not repeated when its answer is lost: look at the list, then. */
    create: (endpoint: NewEndpointBody, options: CallOptions = {}): Promise<EndpointWithSecretBody> =>
      post(PATH, endpoint, options),

    /** Address, events, description; `enabled: false` gives up what is pending. */
    async change(id: string, change: EndpointChangeBody, { signal }: CallOptions = {}): Promise<EndpointBody> {
      return (await transport.send<EndpointBody>({ method: 'PATCH', path: at(id), body: change, signal })).body
    },

    /** With its secret and its deliveries. */
    async remove(id: string, { signal }: CallOptions = {}): Promise<void> {
      await transport.send({ method: 'DELETE', path: at(id), signal })
    },

    /** A new secret, shown this once; the one before signs beside it for 24 hours. */
    rotateSecret: (id: string, options: CallOptions = {}): Promise<EndpointWithSecretBody> =>
      post(at(id, '/rotate-secret'), undefined, options),

    /** Sends a test event, once. What became of it is in the deliveries. */
    test: (id: string, options: CallOptions = {}): Promise<DeliveryBody> => post(at(id, '/test'), undefined, options),

    /** What was sent and what was answered, newest first, page by page as you go. */
    deliveries: (
      id: string,
      query: Sent<DeliveryListQuery> = {},
      options: CallOptions = {},
    ): AsyncGenerator<DeliveryBody, void, void> =>
      items<DeliveryBody>(transport, at(id, '/deliveries'), { ...query }, options),

    /** Sends a delivery again now, under the same `webhook-id`. */
    redeliver: (deliveryId: string, options: CallOptions = {}): Promise<DeliveryBody> =>
      post(`/v1/webhook-deliveries/${segment(deliveryId)}/redeliver`, undefined, options),
  }
}
