// `npm run migrate`: brings the service's tables and the queue's up to date, and stops.

import { deployMigrations } from '@waybill/shared/database/migrations.ts'
import { createLogger } from '@waybill/shared/process/log.ts'
import { deployQueue } from '@waybill/shared/queue/exports.ts'
import { readConfigOrExit } from '@waybill/shared/settings/read.ts'

const config = readConfigOrExit()
const log = createLogger('migrate', config.LOG_LEVEL)
const applied = await deployMigrations(config.DATABASE_URL)
await deployQueue(config)
log.info({ applied }, applied.length === 0 ? 'the database is up to date' : 'migrations applied')
