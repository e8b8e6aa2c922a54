// `npm run audit:anchor`: writes the head of the audit trail into the bucket. Exit codes: 0 written, 2 not written.
import { writeAnchor } from '@waybill/shared/audit/anchors.ts'
import { formatHead } from '@waybill/shared/audit/chain.ts'
import { databaseFailure } from '@waybill/shared/database/failure.ts'
import { createLogger } from '@waybill/shared/process/log.ts'
import { readConfigOrExit } from '@waybill/shared/settings/read.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { connect } from '@waybill/shared/wiring.ts'

/** A storage that hangs ends the command. */
const WRITE_TIMEOUT_MS = 60_000

const config = readConfigOrExit({}, 2)
const connections = connect(config, 'waybill-audit-anchor', createLogger('audit-anchor', config.LOG_LEVEL))
try {
  const anchor = await writeAnchor(connections.db, connections.storage, AbortSignal.timeout(WRITE_TIMEOUT_MS))
  if (anchor === undefined) process.stdout.write('The trail is empty: there is nothing to anchor.\n')
  else process.stdout.write(`Anchored in the bucket: ${anchor.key}\nHead: ${formatHead(anchor.head)}\n`)
} catch (error) {
  const message = error instanceof WaybillError ? `${error.code}: ${error.message}` : databaseFailure(error).message
  process.stderr.write(`The head could not be anchored: ${message}\n`)
  process.exitCode = 2
} finally {
  await connections.close()
}
// A Redis client that is reconnecting would keep the process alive.
process.exit()
