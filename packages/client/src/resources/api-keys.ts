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
  /** How long the old key stays valid: `30m`, `1h`, at most `7d`. */
  readonly overlap?: string | undefined
}

export function createApiKeys(transport: Transport) {
  return {
    /** Every key, newest first, revoked ones included. The secret values are not part of it. */
    async list({ signal }: CallOptions = {}): Promise<ApiKeyBody[]> {
      return (await transport.send<{ items: ApiKeyBody[] }>({ path: PATH, signal })).body.items
    },

    /** The answer is the only one that holds `key`. Not retried when the answer is lost: check the list then. */
    async create(key: NewApiKeyBody, { signal }: CallOptions = {}): Promise<CreatedApiKeyBody> {
      return (await transport.send<CreatedApiKeyBody>({ method: 'POST', path: PATH, body: key, signal })).body
    },

    /** Omitted fields are unchanged. Takes effect immediately, also for running exports of the key. */
    async change(id: string, patch: ApiKeyPatchBody, { signal }: CallOptions = {}): Promise<ApiKeyBody> {
      const call = { method: 'PATCH', path: `${PATH}/${segment(id)}`, body: patch, signal } as const
      return (await transport.send<ApiKeyBody>(call)).body
    },

    /**
     * Creates a new key for the same caller; only this answer holds it. The old key stops immediately, or stays valid for
     * `overlap`, as in `1h`. Not retried when the answer is lost: rotate again then.
     */
    async rotate(id: string, { overlap, signal }: RotateOptions = {}): Promise<CreatedApiKeyBody> {
      const body = overlap === undefined ? {} : { overlap }
      const call = { method: 'POST', path: `${PATH}/${segment(id)}/rotate`, body, signal } as const
      return (await transport.send<CreatedApiKeyBody>(call)).body
    },

    /** The key is refused from now on. */
    async revoke(id: string, { signal }: CallOptions = {}): Promise<void> {
      await transport.send({ method: 'DELETE', path: `${PATH}/${segment(id)}`, signal })
    },
  }
}
