// `client.me`: who the key is.
import type { Me } from '@waybill/shared/contract/me.ts'
import type { CallOptions, Transport } from './transport.ts'

export function createMe(transport: Transport) {
  return {
    /** Name, role, datasets and limits. */
    async get({ signal }: CallOptions = {}): Promise<Me> {
      return (await transport.send<Me>({ path: '/v1/me', signal })).body
    },
  }
}
