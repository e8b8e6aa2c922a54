// Which server, and with which key: flags win over the environment, and that over the config file.

import { UsageError } from './arguments/usage-error.ts'
import { isReadableByOthers, readConfigFile } from './config-file.ts'
import type { Environment } from './environment.ts'

export interface Settings {
  readonly url: string
  /** Undefined: none was given anywhere. */
  readonly key: string | undefined
}

/** Where `npm start` of the repository listens. */
export const DEFAULT_URL = 'http://localhost:8080'

/** @param warn told when others of this machine may read the key */
export async function findSettings(
  given: { readonly url: string | undefined; readonly key: string | undefined },
  environment: Environment,
  warn: (text: string) => void,
): Promise<Settings> {
  const url = given.url ?? environment.url
  const key = given.key ?? environment.key
  if (url !== undefined && key !== undefined) return { url, key }
  const saved = await readConfigFile(environment.configPath)
  if (saved === undefined) return { url: url ?? DEFAULT_URL, key }
  if (key === undefined && (await isReadableByOthers(environment.configPath))) {
    warn(`${environment.configPath} holds your key, and others may read it: chmod 600 ${environment.configPath}`)
  }
  // The key is for the server that it was saved with: another must not learn it.
  const isSameServer = url === undefined || trimmed(url) === trimmed(saved.url)
  return { url: url ?? saved.url, key: key ?? (isSameServer ? saved.key : undefined) }
}

/** @throws UsageError that says how to give one */
export function requireKey({ url, key }: Settings): string {
  if (key !== undefined) return key
  throw new UsageError(`There is no key for ${url}.`, 'waybill login, or set WAYBILL_API_KEY', { isAboutKey: true })
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '')
}
