// `npm run migrate`: applies the migrations of Waybill's tables and of the queue's tables, grants DATABASE_APP_ROLE its
// rights, then exits.
import { grantAppRole } from '@waybill/shared/database/app-role.ts'
import { deployMigrations } from '@waybill/shared/database/migrations.ts'
import { createLogger } from '@waybill/shared/process/log.ts'
import { deployQueue, queueSchema } from '@waybill/shared/queue/backend.ts'
import { readConfigOrExit } from '@waybill/shared/settings/read.ts'

const config = readConfigOrExit()
const log = createLogger('migrate', config.LOG_LEVEL)
const applied = await deployMigrations(config.DATABASE_URL)
await deployQueue(config)
await grantAppRole(config, queueSchema(config))
log.info(
  { applied, role: config.DATABASE_APP_ROLE },
  applied.length === 0 ? 'the database is up to date' : 'migrations applied',
)
