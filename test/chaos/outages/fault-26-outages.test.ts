// Fault 26: storage, source, ledger or queue unavailable for longer than an attempt, with exports running and queued.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outage } from '@waybill/shared/vocabulary/errors.ts'
import { describe, expect, it } from 'vitest'
import { readMetrics } from '../../setup/api/prometheus.ts'
import { isUpload, s3Error } from '../../setup/network/http-fault-proxy.ts'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { type Rig, useRig } from '../setup/rig.ts'
import { until } from '../setup/until.ts'

const FILE = { dataset: 'users', format: 'csv' }
const SMALL_FILE = { ...FILE, limit: 10 }
const ROWS = 3_000

/**
 * A shorter outage than the documented minutes tests the same, counted from the detection by the worker. After that, the worker
 * starts nothing and probes every 2 s, however long the outage lasts.
 */
const OUTAGE_MS = 5_000

/** Usually 10 s at most; ten times that for a busy machine. */
const RESUME_TIMEOUT_MS = 100_000

type Case = readonly [Outage, leave: (rig: Rig) => void, comeBack: (rig: Rig) => void]

const SILENT_STORAGE: Case = ['storage', ({ s3Line }) => s3Line.stall(), ({ s3Line }) => s3Line.restore()]

const FULL_STORAGE: Case = [
  'storage',
  ({ s3 }) => {
    const full = s3Error(507, 'XMinioStorageFull')
    for (const match of [isUpload.create, isUpload.part, isUpload.whole]) s3.fail(match, full)
  },
  ({ s3 }) => s3.restore(),
]

describe.each(QUEUE_BACKENDS)('fault 26, queue on %s', (queue) => {
  const rig = useRig({
    queue,
    ownQueue: true,
    rows: ROWS,
    rowBytes: 1_000,
    settings: { WORKER_LOCK: '10s', WORKER_CONCURRENCY: '2', S3_REQUEST_TIMEOUT: '2s', LARGE_EXPORT_ROWS: '1000000' },
  })

  /** Two exports that are being read, and three that wait for their turn. */
  const runAndQueue = async ({ source, ask, reading }: Rig) => {
    source.throttle(100_000)
    const running = [await ask(FILE), await ask({ ...FILE, compression: 'gzip' })]
    await Promise.all(running.map(reading))
    const waiting: string[] = []
    for (let count = 0; count < 3; count++) waiting.push(await ask(SMALL_FILE))
    return { running, all: [...running, ...waiting] }
  }

  const starts = async ({ story }: Rig, ids: readonly string[]) =>
    (await Promise.all(ids.map(story))).flat().filter((event) => event === 'started').length

  const expectWaiting = async ({ api }: Rig, ids: readonly string[], waitingFor: string) => {
    for (const id of ids) {
      await until(`export ${id} waits for the ${waitingFor}`, async () => {
        const { body } = await api.admin.get(`/v1/exports/${id}`)
        return body.status === 'queued' && body.waitingFor === waitingFor
      })
    }
  }

  const expectCompleted = async ({ ended, holds }: Rig, ids: readonly string[]) => {
    for (const id of ids) expect(await ended(id)).toMatchObject({ status: 'completed', attempts: 1 })
    await holds(ids)
  }

  const awaitResume = async (current: Rig, ids: readonly string[], before: number) => {
    const since = performance.now()
    await until('an export is started', async () => (await starts(current, ids)) > before, RESUME_TIMEOUT_MS)
    return Math.round(performance.now() - since)
  }

  const cases: readonly Case[] = [
    ['storage', ({ s3Line }) => s3Line.refuse(), ({ s3Line }) => s3Line.restore()],
    ['source', ({ source }) => source.refuse(), ({ source }) => source.restore()],
    // These do not depend on the queue.
    ...(queue === 'redis' ? [] : [SILENT_STORAGE, FULL_STORAGE]),
  ]
  it.each(cases)(
    'exports wait for the %s without spending an attempt, and complete after its return (%#)',
    async (waitingFor, leave, comeBack) => {
      const current = rig()
      const { running, all } = await runAndQueue(current)
      leave(current)
      if (waitingFor === 'storage') current.source.restore()
      await expectWaiting(current, all, waitingFor)
      const before = await starts(current, all)
      await sleep(OUTAGE_MS)
      expect(await starts(current, all), 'no export is started meanwhile').toBe(before)
      const metrics = await readMetrics(current.api.url)
      expect(metrics[`waybill_exports_waiting{for="${waitingFor}"}`]).toBe(all.length)
      expect(metrics[`waybill_workers_without_dependency{dependency="${waitingFor}"}`]).toBe(1)
      comeBack(current)
      current.source.restore()
      const resumed = await awaitResume(current, all, before)
      expect(resumed).toBeLessThan(RESUME_TIMEOUT_MS)
      await expectCompleted(current, all)
      for (const id of running) {
        const { body } = await current.api.admin.get(`/v1/exports/${id}/events`)
        expect(body.items.find(({ type }: { type: string }) => type === 'export.released')?.data).toMatchObject({
          waitingFor,
        })
      }
    },
  )

  it('exports complete in their first attempt after an outage of the ledger that is longer than the lock', async () => {
    const current = rig()
    const { ledger, source, busyBackends } = current
    const { all } = await runAndQueue(current)
    ledger.refuse()
    await until('the attempts have ended', async () => (await busyBackends()).length === 0)
    await sleep(OUTAGE_MS)
    ledger.restore()
    source.restore()
    await expectCompleted(current, all)
  })

  it('exports complete in their first attempt after an outage of the queue', async () => {
    const current = rig()
    const { source, api } = current
    const { all } = await runAndQueue(current)
    await current.queue.away()
    const late = await api.ask(SMALL_FILE)
    source.restore()
    await sleep(OUTAGE_MS)
    await current.queue.back()
    await expectCompleted(current, [...all, late])
  })
})
