// Delivers the webhooks of the queue, and enqueues the next try of one that failed.
import { DELIVERY_QUEUE_NAME, type DeliveryJob } from '@waybill/shared/queue/deliveries.ts'
import { enqueueDelivery } from '@waybill/shared/queue/enqueue-deliveries.ts'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import { urlRules } from '@waybill/shared/webhooks/url.ts'
import type { DeliveryWorkerDeps } from '../context.ts'
import { startJobRunner } from '../job-runner.ts'
import { type DeliveryDeps, deliverWebhook } from './deliver.ts'
import { createResolve } from './lookup.ts'
import { createReceivers } from './receivers.ts'

/** @returns `stop`: takes no new deliveries; running tries may finish for `graceMs`, then they are handed back */
export function startDeliveryWorker(deps: DeliveryWorkerDeps): { stop(graceMs: number): Promise<void> } {
  const { config, log } = deps
  const deliveryDeps: DeliveryDeps = {
    ...deps,
    box: createSecretBox(config.WEBHOOK_SECRET_KEYS),
    rules: urlRules(config),
    resolve: createResolve(config.WEBHOOK_DNS_SERVERS),
    receivers: createReceivers(config.WEBHOOK_CONCURRENCY),
  }
  const runner = startJobRunner<DeliveryJob>({
    ...{ config, log, queues: [DELIVERY_QUEUE_NAME], concurrency: config.WEBHOOK_CONCURRENCY },
    async run({ deliveryId }, { stopping }) {
      const outcome = await deliverWebhook(deliveryDeps, deliveryId, stopping)
      if (outcome.kind === 'later') return outcome
      if (outcome.kind === 'again') await enqueueDelivery(deps, outcome.due)
      return { kind: 'done' }
    },
  })
  return {
    async stop(graceMs) {
      await runner.drain(graceMs)
      await runner.close()
    },
  }
}
