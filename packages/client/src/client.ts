// Builds the client: one transport and one object per resource.

import type { WaybillError } from './http/errors.ts'
import { createTransport } from './http/transport.ts'
import { createApiKeys } from './resources/api-keys.ts'
import { createAudit } from './resources/audit.ts'
import { createDatasets } from './resources/datasets.ts'
import { createExports } from './resources/exports.ts'
import { createMe } from './resources/me.ts'
import { createSystem } from './resources/system.ts'
import { createWebhooks } from './resources/webhooks.ts'

export interface ClientOptions {
  /** The address of the API, as in `https://waybill.example`. */
  readonly url: string
  /** An API key or an access token. A function is called before every attempt, for tokens that are renewed. */
  readonly key?: (() => string | undefined | Promise<string | undefined>) | string | undefined
  /**
   * Called when the server answers 401, and once for concurrent calls. It makes the function `key` return a new token; the
   * call is then sent once more. When `key` still returns the old token, the call throws UNAUTHENTICATED.
   */
  readonly renewKey?: (() => Promise<void>) | undefined
  /** How often a call is retried after 429 and, where a repetition is safe, 502, 503, 504 and network errors. Default 5. */
  readonly retries?: number | undefined
  /** Milliseconds for which a call is retried, instead of a number of `retries`: for a server that may restart. */
  readonly retryFor?: number | undefined
  /** Milliseconds that one attempt may take, and that a download may receive no data. Default 30,000. */
  readonly timeout?: number | undefined
  /** Receives the error and the delay in milliseconds before each retry. */
  readonly onRetry?: ((error: WaybillError, delay: number) => void) | undefined
  /** Receives the outcome of each attempt, downloads excepted: its error, or undefined when the server answered. */
  readonly onAttempt?: ((error: WaybillError | undefined) => void) | undefined
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

export interface WaybillClient {
  readonly exports: ReturnType<typeof createExports>
  readonly datasets: ReturnType<typeof createDatasets>
  readonly me: ReturnType<typeof createMe>
  readonly keys: ReturnType<typeof createApiKeys>
  readonly webhooks: ReturnType<typeof createWebhooks>
  readonly audit: ReturnType<typeof createAudit>
  readonly system: ReturnType<typeof createSystem>
}

/** @throws TypeError when `url` is not an HTTP address */
export function createClient({ retries = 5, timeout = 30_000, fetch, ...options }: ClientOptions): WaybillClient {
  const transport = createTransport({
    ...{ key: undefined, ...options, retries, timeout },
    // Called as a plain function: browsers refuse a fetch that has another `this`.
    fetch: fetch ?? ((...args) => globalThis.fetch(...args)),
  })
  return {
    exports: createExports(transport),
    datasets: createDatasets(transport),
    me: createMe(transport),
    keys: createApiKeys(transport),
    webhooks: createWebhooks(transport),
    audit: createAudit(transport),
    system: createSystem(transport),
  }
}
