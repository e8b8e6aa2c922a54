// Finds the server and the key. Precedence: flags, environment, config file.

import { UsageError } from './arguments/usage-error.ts'
import { isReadableByOthers, readConfigFile } from './config-file.ts'
import type { Environment } from './environment.ts'

export interface Settings {
  readonly url: string
  /** Undefined when none is configured. */
  readonly key: string | undefined
}

/** The address of `npm start` in the repository. */
export const DEFAULT_URL = 'http://localhost:8080'

/** @param warn called when other users of this machine can read the key */
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
    warn(`${environment.configPath} holds your key and is readable by other users: chmod 600 ${environment.configPath}`)
  }
  // The saved key belongs to the saved server and must not be sent to another one.
  const isSameServer = url === undefined || trimmed(url) === trimmed(saved.url)
  return { url: url ?? saved.url, key: key ?? (isSameServer ? saved.key : undefined) }
}

/** @throws UsageError that explains how to set a key */
export function requireKey({ url, key }: Settings): string {
  if (key !== undefined) return key
  throw new UsageError(`There is no key for ${url}.`, 'Run "waybill login" or set WAYBILL_API_KEY.', {
    isAboutKey: true,
  })
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '')
}
