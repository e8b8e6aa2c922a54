// The BullMQ glue of webhooks: takes jobs, has them delivered, and adds the job of the next try.

import { createDeliveryWorker, type DeliveryJob } from '@waybill/shared/queue/deliveries.ts'
import { enqueueDelivery } from '@waybill/shared/queue/enqueue-deliveries.ts'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import { urlRules } from '@waybill/shared/webhooks/url.ts'
import { DelayedError, type Job, WaitingError } from 'bullmq'
import type { DeliveryWorkerDeps } from '../context.ts'
import { settledWithin } from '../settled-within.ts'
import { type DeliveryDeps, deliverWebhook } from './deliver.ts'
import { createResolve } from './lookup.ts'
import { createReceivers } from './receivers.ts'

/** Stalled jobs are the table's to judge. BullMQ only has to hand them out again. */
const MAX_STALLED = 1_000_000

/** How long tries may take to hand themselves back, and the queue to say goodbye (milliseconds). */
const HANDBACK_TIMEOUT = 10_000

/** @returns what ends it: no new tries; those under way may take so many milliseconds, then they are handed back */
export function startDeliveryWorker(deps: DeliveryWorkerDeps): { stop(grace: number): Promise<void> } {
  const { config, log } = deps
  const deliveryDeps: DeliveryDeps = {
    ...deps,
    box: createSecretBox(config.WEBHOOK_SECRET_KEYS),
    rules: urlRules(config),
    resolve: createResolve(config.WEBHOOK_DNS_SERVERS),
    receivers: createReceivers(config.WEBHOOK_CONCURRENCY),
  }
  const stopping = new AbortController()
  const running = new Set<Promise<unknown>>()
  let isStopping = false

  const runJob = async (job: Job<DeliveryJob>, token: string | undefined): Promise<void> => {
    if (isStopping) {
      // BullMQ may hand out one more job that it was waiting for when it was told to pause.
      await job.moveToWait(token)
      throw new WaitingError()
    }
    const work = deliverWebhook(deliveryDeps, job.data.deliveryId, stopping.signal)
    running.add(work)
    try {
      const outcome = await work
      if (outcome.kind === 'again') await enqueueDelivery(deps, outcome.due)
      if (outcome.kind === 'later') {
        await job.moveToDelayed(Date.now() + outcome.delay, token)
        throw new DelayedError()
      }
    } finally {
      running.delete(work)
    }
  }

  const worker = createDeliveryWorker(config, runJob, {
    concurrency: config.WEBHOOK_CONCURRENCY,
    lockDuration: config.WORKER_LOCK,
    stalledInterval: config.WORKER_LOCK,
    maxStalledCount: MAX_STALLED,
    runRetryDelay: 1_000,
  })
  worker.on('error', (error) => log.warn({ error }, 'queue of webhooks'))
  worker.on('failed', (job, error) => log.error({ deliveryId: job?.data.deliveryId, error }, 'job failed'))

  return {
    async stop(grace) {
      isStopping = true
      await worker.pause(true)
      await settledWithin(running, grace)
      stopping.abort()
      await settledWithin(running, HANDBACK_TIMEOUT)
      await settledWithin([worker.close()], HANDBACK_TIMEOUT)
    },
  }
}
