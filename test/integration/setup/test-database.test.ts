// The databases of the tests: each suite gets a migrated one, and a leaked connection is reported.
import pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../setup/database.ts'

test('concurrent suites get separate databases with the tables of the service and of GAME', async () => {
  const databases = await Promise.all([createTestDatabase(), createTestDatabase(), createTestDatabase()])
  expect(new Set(databases.map(({ url }) => url)).size).toBe(3)
  for (const { url, drop } of databases) {
    await withClient(url, (client) => client.query('SELECT FROM waybill.exports, userpoints, wallettransactions'))
    await drop()
  }
})

test('a connection that a suite leaves open fails it, and the database is removed anyway', async () => {
  const { url, drop } = await createTestDatabase()
  const leaked = new pg.Client({ connectionString: url, application_name: 'the-leak' })
  leaked.on('error', () => undefined)
  await leaked.connect()
  await expect(drop()).rejects.toThrow(/left 1 connections open:\nthe-leak/)
  await expect(withClient(url, (client) => client.query('SELECT 1'))).rejects.toThrow(/does not exist/)
})
