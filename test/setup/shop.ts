// Creates a database with the tables of examples/shop: a source without the tables of GAME.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { inject } from 'vitest'
import { withClient } from './database.ts'

export interface Shop {
  readonly url: string
  drop(): Promise<void>
}

export async function createShop(): Promise<Shop> {
  const server = inject('postgresUrl')
  const name = `shop_${randomBytes(6).toString('hex')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  await withClient(server, (client) => client.query(`CREATE DATABASE ${name}`))
  await withClient(url.href, async (client) => {
    for (const file of ['schema.sql', 'rows.sql']) {
      await client.query(await readFile(new URL(`../../examples/shop/${file}`, import.meta.url), 'utf8'))
    }
  })
  return {
    url: url.href,
    drop: async () => {
      await withClient(server, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`))
    },
  }
}
