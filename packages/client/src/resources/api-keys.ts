// `client.keys`: API keys, for administrators.
import type {
  ApiKeyBody,
  ApiKeyPatchBody,
  CreatedApiKeyBody,
  NewApiKeyBody,
} from '@waybill/shared/contract/api-keys.ts'
import { type CallOptions, segment, type Transport } from '../http/transport.ts'

const PATH = '/v1/api-keys'

export interface RotateOptions extends CallOptions {
  /** `30m`, `1h`, at most `7d`. */
  readonly overlap?: string | undefined
}

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

    /** What is left out stays as it is; takes effect at once, also for its exports that are under way. */
    async change(id: string, patch: ApiKeyPatchBody, { signal }: CallOptions = {}): Promise<ApiKeyBody> {
      const call = { method: 'PATCH', path: `${PATH}/${segment(id)}`, body: patch, signal } as const
      return (await transport.send<ApiKeyBody>(call)).body
    },

    /**
     * Gives the same caller a new key, in the answer this once. The old one stops at once, or works on for `overlap`, as in
     * `1h`. Not repeated when its answer is lost: rotate again, then.
     */
    async rotate(id: string, { overlap, signal }: RotateOptions = {}): Promise<CreatedApiKeyBody> {
      const body = overlap === undefined ? {} : { overlap }
      const call = { method: 'POST', path: `${PATH}/${segment(id)}/rotate`, body, signal } as const
      return (await transport.send<CreatedApiKeyBody>(call)).body
    },

    /** Ends it at once. */
    async revoke(id: string, { signal }: CallOptions = {}): Promise<void> {
      await transport.send({ method: 'DELETE', path: `${PATH}/${segment(id)}`, signal })
    },
  }
}
