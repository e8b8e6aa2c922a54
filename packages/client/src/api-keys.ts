// `client.keys`: API keys, for administrators.
import type { ApiKeyBody, CreatedApiKeyBody, NewApiKeyBody } from '@waybill/shared/contract/api-keys.ts'
import { type CallOptions, segment, type Transport } from './transport.ts'

const PATH = '/v1/api-keys'

export function createApiKeys(transport: Transport) {
  return {
    /** All, newest first, the revoked ones too; never the keys themselves. */
    async list({ signal }: CallOptions = {}): Promise<ApiKeyBody[]> {
      return (await transport.send<{ items: ApiKeyBody[] }>({ path: PATH, signal })).body.items
    },

    /** `key` in the answer is shown this once. Not repeated when its answer is lost: look at the list, then. */
    async create(key: NewApiKeyBody, { signal }: CallOptions = {}): Promise<CreatedApiKeyBody> {
      return (await transport.send<CreatedApiKeyBody>({ method: 'POST', path: PATH, body: key, signal })).body
    },

    /** Ends it at once. */
    async revoke(id: string, { signal }: CallOptions = {}): Promise<void> {
      await transport.send({ method: 'DELETE', path: `${PATH}/${segment(id)}`, signal })
    },
  }
}
