// The budget of a caller for calls that write into the audit trail, which all callers share.
import type { Counters } from '@waybill/shared/access/rate-counters.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { RequestHandler, Response } from 'express'
import { callerOf } from '../auth/authenticate.ts'

const WINDOW_SECONDS = 60

type SpendTrailWrite = () => Promise<void>

/**
 * Mount after authenticate(). Counts only calls that are about to write: those with another method than GET (the router
 * spends for them), and links (their issuer spends, because a repeated link writes nothing).
 */
export function limitTrailWrites({ config, counters }: { config: Config; counters: Counters }): RequestHandler {
  const quota = config.RATE_LIMIT_TRAIL_WRITES
  const counter = counters.create('trail', WINDOW_SECONDS)
  return (_request, response, next) => {
    const spend: SpendTrailWrite = async () => {
      if (quota === 0) return
      const { used, resetIn } = await counter.add(callerOf(response).id)
      if (used <= quota) return
      throw new WaybillError(
        'RATE_LIMITED',
        `You have made more than ${quota} calls in a minute that write into the audit trail (RATE_LIMIT_TRAIL_WRITES).`,
        { retryAfter: Math.ceil(resetIn / 1000) },
      )
    }
    response.locals.spendTrailWrite = spend
    next()
  }
}

/** Call before a write into the audit trail. @throws WaybillError RATE_LIMITED when the budget of the caller is used up */
export async function spendTrailWrite(response: Response): Promise<void> {
  await (response.locals.spendTrailWrite as SpendTrailWrite)()
}
