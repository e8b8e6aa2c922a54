// Secrets that a test uses in a run, and the search for them.
import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { withClient } from '../database.ts'

/** A unique text that a URL does not encode. */
export const plant = (kind: string): string => `planted-${kind}-${randomBytes(12).toString('hex')}`

/** Finds the secrets in the text, in plain or in base64. @returns their names */
export function secretsIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    if (secret.length < 16) throw new Error(`${name} is too short to be found: "${secret}"`)
    const forms = [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -2)]
    return forms.some((form) => text.includes(form)) ? [`${name}: …${around(text, forms)}…`] : []
  })
}

/** The surroundings of the first match, for the error message. */
function around(text: string, forms: readonly string[]): string {
  const at = Math.max(...forms.map((form) => text.indexOf(form)))
  return text.slice(Math.max(0, at - 150), at + 20)
}

/** Every row of the tables of the ledger and of the queue, by table. */
export async function dumpDatabase(url: string): Promise<Record<string, string>> {
  return withClient(url, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
        WHERE schemaname = 'waybill' OR schemaname LIKE '%\\_queue'`,
    )
    const dumps: Record<string, string> = {}
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)
      dumps[name] = rows.map(({ row }) => row).join('\n')
    }
    return dumps
  })
}

/** Every key with its content. */
export async function dumpRedis(url: string): Promise<string> {
  const redis = new Redis(url)
  try {
    const dumps: string[] = []
    for (const key of await redis.keys('*')) dumps.push(`${key}: ${JSON.stringify(await contentOf(redis, key))}`)
    return dumps.join('\n')
  } finally {
    redis.disconnect()
  }
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key)
  switch (type) {
    case 'string':
      return redis.get(key)
    case 'hash':
      return redis.hgetall(key)
    case 'list':
      return redis.lrange(key, 0, -1)
    case 'set':
      return redis.smembers(key)
    case 'zset':
      return redis.zrange(key, '0', '-1')
    case 'stream':
      return redis.xrange(key, '-', '+')
    default:
      throw new Error(`${key} has an unknown type: ${type}`)
  }
}
