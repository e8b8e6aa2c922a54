// What every command has at hand: the client, the output, and the signal that ends its calls.
import { createClient, type WaybillClient } from '../client.ts'
import { UsageError } from './arguments/usage-error.ts'
import type { Environment } from './environment.ts'
import { findSettings, requireKey, type Settings } from './settings.ts'
import type { Output } from './terminal/output.ts'

export interface Context {
  readonly environment: Environment
  readonly output: Output
  /** As the flags have it; undefined where there is none. */
  readonly given: { readonly url: string | undefined; readonly key: string | undefined }
  settings(): Promise<Settings>
  /** @throws UsageError when there is no key */
  client(): Promise<WaybillClient>
}

export function createContext(environment: Environment, output: Output, given: Context['given']): Context {
  const settings = () => findSettings(given, environment, output.warn)
  return {
    environment,
    output,
    given,
    settings,
    async client() {
      const found = await settings()
      return connect(found.url, requireKey(found), output)
    },
  }
}

/** @throws UsageError when the URL is none */
export function connect(url: string, key: string, output: Output): WaybillClient {
  try {
    return createClient({
      url,
      key,
      onRetry: ({ message }, delay) => output.remark(`${message} Trying again in ${Math.ceil(delay / 1000)} s.`),
    })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(`"${url}" is no address of a server: it begins with http:// or https://`)
  }
}
