// `npm run migrate`: applies the migrations of Waybill's tables and of the queue's tables, then exits.

import { deployMigrations } from '@waybill/shared/database/migrations.ts'
import { createLogger } from '@waybill/shared/process/log.ts'
import { deployQueue } from '@waybill/shared/queue/backend.ts'
import { readConfigOrExit } from '@waybill/shared/settings/read.ts'

const config = readConfigOrExit()
const log = createLogger('migrate', config.LOG_LEVEL)
const applied = await deployMigrations(config.DATABASE_URL)
await deployQueue(config)
log.info({ applied }, applied.length === 0 ? 'the database is up to date' : 'migrations applied')
