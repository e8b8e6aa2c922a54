// What every command can use: the environment, the output, the settings and the client.
import { createClient, type WaybillClient } from '../client.ts'
import { UsageError } from './arguments/usage-error.ts'
import type { Environment } from './environment.ts'
import { findSettings, requireKey, type Settings } from './settings.ts'
import type { Output } from './terminal/output.ts'

export interface ConnectOptions {
  /** Milliseconds for which a call is retried while the server does not answer. */
  readonly retryFor?: number
}

export interface Context {
  readonly environment: Environment
  readonly output: Output
  /** The values of --url and --key; undefined when the flag is missing. */
  readonly given: { readonly url: string | undefined; readonly key: string | undefined }
  settings(): Promise<Settings>
  /** @throws UsageError when no key is configured */
  client(options?: ConnectOptions): Promise<WaybillClient>
}

export function createContext(environment: Environment, output: Output, given: Context['given']): Context {
  const settings = () => findSettings(given, environment, output.warn)
  return {
    environment,
    output,
    given,
    settings,
    async client(options) {
      const found = await settings()
      return connect(found.url, requireKey(found), output, options)
    },
  }
}

/** @throws UsageError when the URL is not valid */
export function connect(url: string, key: string, output: Output, options: ConnectOptions = {}): WaybillClient {
  if (crossesNetworkUnencrypted(url)) {
    output.warn(`${url} has no encryption: others on the network can read your key. Use an https:// address.`)
  }
  try {
    return createClient({
      ...options,
      url,
      key,
      onRetry: ({ message }, delay) => output.info(`${message} Retrying in ${Math.ceil(delay / 1000)} s.`),
    })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(`"${url}" is not a server address: it must start with http:// or https://`)
  }
}

/** Whether the key crosses a network without encryption. A connection to this machine crosses none. */
function crossesNetworkUnencrypted(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !/^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}
