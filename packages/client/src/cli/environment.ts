// The only file of the command line that reads environment variables.
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface Environment {
  readonly url: string | undefined
  readonly key: string | undefined
  /** The path of the config file. */
  readonly configPath: string
  /** https://no-color.org */
  readonly noColor: boolean
}

/** An empty variable is treated as unset. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const configHome = env.XDG_CONFIG_HOME || join(homedir(), '.config')
  return {
    url: env.WAYBILL_URL || undefined,
    key: env.WAYBILL_API_KEY || undefined,
    configPath: join(configHome, 'waybill', 'config.json'),
    noColor: (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb',
  }
}
