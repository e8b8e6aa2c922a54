// Puts the client together: one transport, and what can be done with it.

import type { WaybillError } from './http/errors.ts'
import { createTransport } from './http/transport.ts'
import { createApiKeys } from './resources/api-keys.ts'
import { createAudit } from './resources/audit.ts'
import { createDatasets } from './resources/datasets.ts'
import { createExports } from './resources/exports.ts'
import { createMe } from './resources/me.ts'
import { createWebhooks } from './resources/webhooks.ts'

export interface ClientOptions {
  /** Where the API answers, as in `https://waybill.example`. */
  readonly url: string
  /** An API key or an access token; a function is asked for it before every try, for tokens that are renewed. */
  readonly key?: (() => string | Promise<string>) | string | undefined
  /** How often a call is tried again after 429, 503 and, where that does no harm, a lost connection. Default 5. */
  readonly retries?: number | undefined
  /** Milliseconds that one try may take, and that a download may stand still. Default 30,000. */
  readonly timeout?: number | undefined
  /** Told before each wait for another try. */
  readonly onRetry?: ((error: WaybillError, delay: number) => void) | undefined
  /** In place of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

export interface WaybillClient {
  readonly exports: ReturnType<typeof createExports>
  readonly datasets: ReturnType<typeof createDatasets>
  readonly me: ReturnType<typeof createMe>
  readonly keys: ReturnType<typeof createApiKeys>
  readonly webhooks: ReturnType<typeof createWebhooks>
  readonly audit: ReturnType<typeof createAudit>
}

/** @throws TypeError when `url` is no address */
export function createClient({
  url,
  key,
  retries = 5,
  timeout = 30_000,
  onRetry,
  fetch,
}: ClientOptions): WaybillClient {
  const transport = createTransport({
    ...{ url, key, retries, timeout, onRetry },
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
  }
}
