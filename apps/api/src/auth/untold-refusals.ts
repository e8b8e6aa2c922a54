// Writes down how many refusals the quota kept out of the trail: once a minute, and before the process ends.

import { withTimeout } from '@waybill/shared/async/timeout.ts'
import { recordEvent } from '@waybill/shared/audit/record.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { RefusalQuota } from './refusal-quota.ts'

interface UntoldDeps {
  readonly db: Database
  readonly log: Logger
}

/** Milliseconds that one event may take: the ledger may be away, and a process that is to end must end. */
const PATIENCE = 1_000

const MINUTE = 60_000

/** What cannot be written stays with the quota. */
export async function tellUntold({ db, log }: UntoldDeps, quota: RefusalQuota): Promise<void> {
  const untold = quota.drain()
  for (const [index, { caller, unrecorded }] of untold.entries()) {
    const { id, name } = caller
    const event = { type: 'export.refused', actor: { id, name }, data: { unrecordedBefore: unrecorded } } as const
    try {
      await withTimeout(PATIENCE, recordEvent(db, event), () => new Error('the ledger did not answer in time'))
    } catch (error) {
      quota.giveBack(untold.slice(index))
      log.warn({ error, callers: untold.length - index }, 'counts of refusals are not in the trail')
      return
    }
  }
}

/** @returns to be called after each refusal that was not written down: it is told of within a minute */
export function createUntoldTimer(deps: UntoldDeps, quota: RefusalQuota): () => void {
  let isSet = false
  return () => {
    if (isSet) return
    isSet = true
    // The process must not live on for its sake: whoever ends it tells what is left.
    setTimeout(() => {
      isSet = false
      void tellUntold(deps, quota)
    }, MINUTE).unref()
  }
}
