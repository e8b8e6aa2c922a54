// How long a small export takes, and how many of them one worker completes in a second.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FormatChoice } from '../options.ts'
import { withClient } from '../system/servers.ts'
import type { Service } from '../system/service.ts'
import { requestExport, runExport, verifyAndRemove } from './client.ts'

const CSV: FormatChoice = { name: 'csv', format: 'csv', compression: 'none' }
const WARM_UP_RUNS = 20
const RUNS = 50
const POLL_EVERY = 2

/**
 * Runs the exports one after the other. The database has exactly this number of user points, because a sort of a million rows
 * would measure Postgres. @returns milliseconds, ascending
 */
export async function measureLatency(service: Service, rows: number, directory: string): Promise<number[]> {
  service.startWorker()
  const milliseconds: number[] = []
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run++) {
    const exported = await runExport(service, { format: CSV, pollEvery: POLL_EVERY })
    if (run >= WARM_UP_RUNS) milliseconds.push(exported.seconds * 1000)
    if (run === 0) {
      const file = join(directory, 'download')
      await verifyAndRemove(service, exported, { format: CSV, rows, file })
      await rm(file)
    }
  }
  await service.stopWorker()
  return milliseconds.sort((a, b) => a - b)
}

const WAITING_EXPORTS = 350
/** Completed before the time is taken: the worker compiles its code meanwhile. */
const UNCOUNTED_EXPORTS = 50
/** Requests at the same time. */
const CALLERS = 8

/** The exports are requested before the worker starts, so that the requests take no CPU time from it. */
export async function measureThroughput(service: Service, databaseUrl: string): Promise<number> {
  let requested = 0
  const requestSome = async () => {
    while (requested++ < WAITING_EXPORTS) await requestExport(service, { format: CSV })
  }
  const startedAt = new Date()
  await Promise.all(Array.from({ length: CALLERS }, requestSome))
  service.startWorker()
  const perSecond = await withClient(databaseUrl, async (client) => {
    for (;;) {
      await sleep(200)
      const { rows } = await client.query<{ at: Date }>(
        `SELECT finished_at AS at FROM waybill.exports WHERE status = 'completed' AND created_at >= $1 ORDER BY 1`,
        [startedAt],
      )
      if (rows.length < WAITING_EXPORTS) continue
      const milliseconds = Number(rows.at(-1)?.at) - Number(rows[UNCOUNTED_EXPORTS]?.at)
      return ((WAITING_EXPORTS - UNCOUNTED_EXPORTS - 1) * 1000) / milliseconds
    }
  })
  await service.stopWorker()
  return perSecond
}
