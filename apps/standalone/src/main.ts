// `npm start`: keeps the whole system running until Ctrl-C.
import { describeProcess } from '@waybill/api/metrics/process.ts'
import { untilSignal } from '@waybill/shared/process/signals.ts'
import { ConfigError } from '@waybill/shared/settings/read.ts'
import { startSystem } from './system.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const signal = untilSignal()

try {
  const system = await startSystem({ say, registry: describeProcess() })
  say(`
Waybill is running. Press Ctrl-C to stop it. Its data stays in ${system.config.DATA_DIR}.

  Open     ${system.url}
  API key  ${system.apiKey}

Or request an export with curl, then follow the Location header of the response:

  curl -i -X POST ${system.url}/v1/exports \\
    -H 'Authorization: Bearer ${system.apiKey}' \\
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
