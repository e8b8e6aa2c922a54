// `npm start`: keeps the whole system running until Ctrl-C.
import { relative } from 'node:path'
import { describeProcess } from '@waybill/shared/process/metrics.ts'
import { untilSignal } from '@waybill/shared/process/signals.ts'
import { ConfigError } from '@waybill/shared/settings/read.ts'
import { startSystem } from './system.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const signal = untilSignal()

try {
  const system = await startSystem({ say, registry: describeProcess() })
  // The key itself is not printed: the output of a terminal is copied, recorded and shared.
  const keyFile = system.apiKeyFile === undefined ? undefined : relative('', system.apiKeyFile)
  say(`
Waybill is running. Press Ctrl-C to stop it. Its data stays in ${system.config.DATA_DIR}.

  Open     ${system.url}
  API key  ${keyFile === undefined ? 'the value of BOOTSTRAP_API_KEY' : `in ${keyFile}`}

Or request an export with curl, then follow the Location header of the response:

  curl -i -X POST ${system.url}/v1/exports \\
    -H "Authorization: Bearer ${keyFile === undefined ? '$BOOTSTRAP_API_KEY' : `$(cat ${keyFile})`}" \\
    -H 'Content-Type: application/json' \\
    -d '{"dataset":"user-points","format":"csv"}'
`)
  await signal
  say('Stopping after the running exports. Press Ctrl-C again to stop at once.')
  await system.stop()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
