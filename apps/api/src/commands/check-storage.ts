// `npm run storage:check`: writes, reads, links and removes an object, and names the setting for what does not work.
import { readStorageConfigOrExit } from '@waybill/shared/settings/read.ts'
import { checkStorage } from '@waybill/shared/storage/check.ts'
import { storageOptions } from '@waybill/shared/wiring.ts'

const LEVELS = { ok: 'ok     ', warning: 'WARNING', error: 'ERROR  ' } as const

const config = readStorageConfigOrExit()
const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
for await (const { level, text } of checkStorage(storageOptions(config), interrupted.signal)) {
  process.stdout.write(`${LEVELS[level]}  ${text}\n`)
  if (level === 'error') process.exitCode = 1
}
