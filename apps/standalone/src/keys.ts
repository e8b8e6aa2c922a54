// `npm run keys`: manages the keys in DATABASE_URL, or in the embedded Postgres of `npm start`, running or stopped.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runKeys } from '@waybill/api/commands/keys-command.ts'
import { readDatabaseUrl, readStandaloneNeeds } from '@waybill/shared/settings/read.ts'
import { findRunningPostgres, startPostgres } from './postgres/embedded-postgres.ts'
import { databaseIn } from './system.ts'

const say = (line: string) => process.stderr.write(`${line}\n`)
const stops: (() => Promise<void>)[] = []

process.exitCode = await runKeys({
  args: process.argv.slice(2),
  databaseUrl: findDatabase,
  out: (line) => process.stdout.write(`${line}\n`),
  say,
})
for (const stop of stops) await stop()

async function findDatabase(): Promise<string> {
  const { postgres: isEmbedded, dataDir } = readStandaloneNeeds()
  if (!isEmbedded) return readDatabaseUrl()
  const directory = join(resolve(dataDir), 'postgres')
  if (!existsSync(directory)) {
    throw new Error(`There is no system in ${dataDir} yet. Run npm start once, or set DATABASE_URL or DATA_DIR.`)
  }
  const running = await findRunningPostgres(directory)
  if (running !== undefined) return databaseIn(running)
  const postgres = await startPostgres({ directory, log: say })
  stops.push(() => postgres.stop())
  return databaseIn(postgres.url)
}
