// `client.me`: the caller that the key belongs to.

import type { Me } from '@waybill/shared/contract/me.ts'
import type { CallerSecretBody } from '@waybill/shared/contract/webhooks.ts'
import type { CallOptions, Transport } from '../http/transport.ts'

export function createMe(transport: Transport) {
  return {
    /** Name, role, datasets and limits. */
    async get({ signal }: CallOptions = {}): Promise<Me> {
      return (await transport.send<Me>({ path: '/v1/me', signal })).body
    },

    /** The secret that signs the webhooks to the `webhookUrl` of your exports; for `verifyWebhook`. */
    async webhookSecret({ signal }: CallOptions = {}): Promise<CallerSecretBody> {
      return (await transport.send<CallerSecretBody>({ path: '/v1/me/webhook-secret', signal })).body
    },

    /** Creates a new secret. The old one also signs for another 24 hours. */
    async rotateWebhookSecret({ signal }: CallOptions = {}): Promise<CallerSecretBody> {
      const call = { method: 'POST', path: '/v1/me/webhook-secret/rotate', signal } as const
      return (await transport.send<CallerSecretBody>(call)).body
    },
  }
}
