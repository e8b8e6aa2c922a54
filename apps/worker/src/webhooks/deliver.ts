// Makes one attempt to deliver a webhook: claims it, signs it, sends it and records the outcome.

import { randomUUID } from 'node:crypto'
import { parseRetryAfter } from '@waybill/shared/contract/retry-after.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import { retryWhileUnavailable } from '@waybill/shared/database/retry.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { TEST_EVENT, webhookBody } from '@waybill/shared/vocabulary/webhook-events.ts'
import {
  type ClaimedDelivery,
  claimDelivery,
  disableIfUnreachable,
  dropDelivery,
  findPendingDelivery,
  recordDelivered,
  recordFailure,
  releaseDelivery,
} from '@waybill/shared/webhooks/attempts.ts'
import type { DueDelivery } from '@waybill/shared/webhooks/deliveries.ts'
import type { SecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import { callerOwner, endpointOwner } from '@waybill/shared/webhooks/secrets.ts'
import { webhookHeaders } from '@waybill/shared/webhooks/signature.ts'
import type { UrlRules } from '@waybill/shared/webhooks/url.ts'
import type { Resolve } from './lookup.ts'
import { postWebhook, type Reply } from './post.ts'
import type { Receivers } from './receivers.ts'
import { nextDelay } from './schedule.ts'

export interface DeliveryDeps {
  readonly config: Config
  readonly db: Database
  readonly log: Logger
  readonly box: SecretBox
  readonly rules: UrlRules
  readonly resolve: Resolve
  readonly receivers: Receivers
  /** The actor of the worker's events in the audit trail. */
  readonly workerName: string
}

/** What happens to the job. */
export type DeliveryOutcome =
  | { readonly kind: 'done' }
  /** The same job runs again after `delay` milliseconds: the delivery is not due, or its receiver is busy. */
  | { readonly kind: 'later'; readonly delay: number }
  /** A new job for the next attempt. */
  | { readonly kind: 'again'; readonly due: DueDelivery }

/** Clocks differ, so a job may run this much before its delivery is due. An earlier job belongs to an earlier attempt. */
const CLOCK_TOLERANCE_MS = 60_000

/** Added to the time that an attempt and its recording may take. After that, the attempt counts as lost. */
const LEASE_MARGIN_MS = 2_000

/** @param stopping aborts when the process shuts down: the attempt is handed back and does not count */
export async function deliverWebhook(deps: DeliveryDeps, id: string, stopping: AbortSignal): Promise<DeliveryOutcome> {
  const { config, db, receivers } = deps
  const pending = await findPendingDelivery(db, id)
  if (pending === undefined) return { kind: 'done' }
  if (pending.wait > 0)
    return pending.wait < CLOCK_TOLERANCE_MS ? { kind: 'later', delay: pending.wait } : { kind: 'done' }
  const permit = receivers.acquire(pending)
  if ('retryAfterMs' in permit) return { kind: 'later', delay: permit.retryAfterMs }
  try {
    const lease = config.WEBHOOK_TIMEOUT + config.WORKER_LOCK + LEASE_MARGIN_MS
    const delivery = await claimDelivery(db, id, randomUUID(), lease)
    return delivery === undefined ? { kind: 'done' } : await attempt(deps, delivery, stopping)
  } finally {
    permit.release()
  }
}

async function attempt(deps: DeliveryDeps, delivery: ClaimedDelivery, stopping: AbortSignal): Promise<DeliveryOutcome> {
  const { config, db, log } = deps
  const { id: deliveryId, endpointId, exportId, url, attempts } = delivery
  if (url === null || !delivery.enabled) {
    await dropDelivery(db, delivery)
    return { kind: 'done' }
  }
  const startedAt = performance.now()
  let reply: Reply
  try {
    reply = await send(deps, delivery, url, stopping)
  } catch (error) {
    if (!stopping.aborted) throw error
    await retryWhileUnavailable(config.WORKER_LOCK, () => releaseDelivery(db, delivery))
    return { kind: 'done' }
  }
  const result = { ...reply, milliseconds: performance.now() - startedAt }
  const { status, error } = result
  const about = { deliveryId, endpointId, exportId, attempt: attempts, status }
  if (isSuccess(status)) {
    await retryWhileUnavailable(config.WORKER_LOCK, () => recordDelivered(db, delivery, result))
    log.info(about, 'webhook delivered')
    return { kind: 'done' }
  }
  const isGone = status === 410
  const isLast = isGone || delivery.type === TEST_EVENT
  const delay = isLast ? undefined : nextDelay(attempts, parseRetryAfter(reply.retryAfter))
  log.warn({ ...about, delay, reason: error }, delay === undefined ? 'webhook failed' : 'webhook will be retried')
  const dueAt = await retryWhileUnavailable(config.WORKER_LOCK, () => recordFailure(db, delivery, result, delay))
  const reason = await retryWhileUnavailable(config.WORKER_LOCK, () =>
    disableIfUnreachable(db, delivery, isGone, deps.workerName),
  )
  if (reason !== undefined) {
    log.error({ endpointId, disabled: reason }, 'a webhook endpoint was disabled')
    return { kind: 'done' }
  }
  return dueAt === undefined ? { kind: 'done' } : { kind: 'again', due: { id: deliveryId, dueAt } }
}

async function send(deps: DeliveryDeps, delivery: ClaimedDelivery, url: string, stopping: AbortSignal): Promise<Reply> {
  const { config, rules, resolve, log } = deps
  const { id, endpointId } = delivery
  let secrets: string[]
  try {
    secrets = openSecrets(deps.box, delivery)
  } catch (error) {
    log.error({ deliveryId: id, endpointId, error }, 'a webhook cannot be signed')
    return { answer: '', error: 'its secret cannot be read here: the operator checks WEBHOOK_SECRET_KEYS' }
  }
  const publicUrl = config.PUBLIC_URL ?? `http://localhost:${config.PORT}`
  const body = webhookBody(delivery, publicUrl)
  const headers = webhookHeaders({ id, sentAt: new Date(), body }, secrets)
  const reply = await postWebhook({ url, headers, body }, { rules, resolve, timeout: config.WEBHOOK_TIMEOUT, stopping })
  if (reply.error !== undefined || isSuccess(reply.status)) return reply
  return { ...reply, error: explain(reply.status ?? 0) }
}

/** The current secret, and the previous one while it still signs. */
function openSecrets(box: SecretBox, delivery: ClaimedDelivery): string[] {
  const { endpointId, requesterId, secret, previousSecret } = delivery
  const owner = endpointId === null ? callerOwner(requesterId ?? '') : endpointOwner(endpointId)
  if (secret === null) throw new Error('there is no secret')
  return [secret, previousSecret].flatMap((encrypted) => (encrypted === null ? [] : [box.open(encrypted, owner)]))
}

function isSuccess(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300
}

function explain(status: number): string {
  return status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`
}
