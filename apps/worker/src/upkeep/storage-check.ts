// Checks the storage once when the worker starts, beside its work, and logs what does not work.
import type { Logger } from '@waybill/shared/process/log.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { checkStorage } from '@waybill/shared/storage/check.ts'
import { storageOptions } from '@waybill/shared/wiring.ts'

const CHECK_TIMEOUT_MS = 300_000

/** @returns stops the check */
export function startStorageCheck(config: Config, log: Logger): () => Promise<void> {
  const stopping = new AbortController()
  const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)])
  const check = async () => {
    try {
      for await (const { level, text } of checkStorage(storageOptions(config), signal)) {
        if (stopping.signal.aborted) return
        if (level === 'error') log.error({ text }, 'storage check')
        else if (level === 'warning') log.warn({ text }, 'storage check')
        else log.debug({ text }, 'storage check')
      }
      log.info('storage checked')
    } catch (error) {
      log.warn({ error }, 'the storage check did not finish')
    }
  }
  const done = check()
  return async () => {
    stopping.abort(new Error('the worker stops'))
    await done
  }
}
