// The entry point of `npm run keys` in the image: `node apps/api/src/commands/keys.ts`, with DATABASE_URL set.
import { readDatabaseUrl } from '@waybill/shared/settings/read.ts'
import { runKeys } from './keys-command.ts'

process.exitCode = await runKeys({
  args: process.argv.slice(2),
  databaseUrl: async () => readDatabaseUrl(),
  out: (line) => process.stdout.write(`${line}\n`),
  say: (line) => process.stderr.write(`${line}\n`),
})
