// The only reader of the environment of the command line.
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface Environment {
  readonly url: string | undefined
  readonly key: string | undefined
  /** Of the config file. */
  readonly configPath: string
  /** https://no-color.org */
  readonly noColor: boolean
}

/** An empty variable counts as unset. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const configHome = env.XDG_CONFIG_HOME || join(homedir(), '.config')
  return {
    url: env.WAYBILL_URL || undefined,
    key: env.WAYBILL_API_KEY || undefined,
    configPath: join(configHome, 'waybill', 'config.json'),
    noColor: (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb',
  }
}
