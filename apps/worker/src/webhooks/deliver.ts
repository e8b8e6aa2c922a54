// The story of one try to deliver a webhook: claim, sign, send, write down; then again later, or never.
import { randomUUID } from 'node:crypto'
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
import { type Answer, postWebhook } from './post.ts'
import type { Receivers } from './receivers.ts'
import { nextDelay, parseRetryAfter } from './schedule.ts'

export interface DeliveryDeps {
  readonly config: Config
  readonly db: Database
  readonly log: Logger
  readonly box: SecretBox
  readonly rules: UrlRules
  readonly resolve: Resolve
  readonly receivers: Receivers
  /** Shown in the trail as the one who did it. */
  readonly workerName: string
}

/** What the queue is to do with the job. */
export type DeliveryOutcome =
  | { readonly kind: 'done' }
  /** The same job once more, after so many milliseconds: it is not its turn yet. */
  | { readonly kind: 'later'; readonly delay: number }
  /** A job for the next try. */
  | { readonly kind: 'again'; readonly due: DueDelivery }

/** A job that comes this much too early (milliseconds) waits: clocks differ. One that is earlier is of an earlier try. */
const EARLY = 60_000

/** After the time of a try and of writing it down, before it counts as lost (milliseconds). */
const LEASE_MARGIN = 2_000

/** @param stopping aborts when the process is to end: the try is handed back as if it had not begun */
export async function deliverWebhook(deps: DeliveryDeps, id: string, stopping: AbortSignal): Promise<DeliveryOutcome> {
  const { config, db, receivers } = deps
  const prospect = await findPendingDelivery(db, id)
  if (prospect === undefined) return { kind: 'done' }
  if (prospect.wait > 0) return prospect.wait < EARLY ? { kind: 'later', delay: prospect.wait } : { kind: 'done' }
  const place = receivers.enter(prospect)
  if ('pause' in place) return { kind: 'later', delay: place.pause }
  try {
    const lease = config.WEBHOOK_TIMEOUT + config.WORKER_LOCK + LEASE_MARGIN
    const delivery = await claimDelivery(db, id, randomUUID(), lease)
    return delivery === undefined ? { kind: 'done' } : await attempt(deps, delivery, stopping)
  } finally {
    place.leave()
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
  let answer: Answer
  try {
    answer = await send(deps, delivery, url, stopping)
  } catch (error) {
    if (!stopping.aborted) throw error
    await retryWhileUnavailable(config.WORKER_LOCK, () => releaseDelivery(db, delivery))
    return { kind: 'done' }
  }
  const result = { ...answer, milliseconds: performance.now() - startedAt }
  const { status, error } = result
  const about = { deliveryId, endpointId, exportId, attempt: attempts, status }
  if (isSuccess(status)) {
    await retryWhileUnavailable(config.WORKER_LOCK, () => recordDelivered(db, delivery, result))
    log.info(about, 'webhook delivered')
    return { kind: 'done' }
  }
  const isGone = status === 410
  const isLast = isGone || delivery.type === TEST_EVENT
  const delay = isLast ? undefined : nextDelay(attempts, parseRetryAfter(answer.retryAfter))
  log.warn({ ...about, delay, reason: error }, delay === undefined ? 'webhook failed' : 'webhook will be tried again')
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

async function send(
  deps: DeliveryDeps,
  delivery: ClaimedDelivery,
  url: string,
  stopping: AbortSignal,
): Promise<Answer> {
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
  const answer = await postWebhook(
    { url, headers, body },
    { rules, resolve, timeout: config.WEBHOOK_TIMEOUT, stopping },
  )
  if (answer.error !== undefined || isSuccess(answer.status)) return answer
  return { ...answer, error: explain(answer.status ?? 0) }
}

/** The one in use, and the one before while it still signs. */
function openSecrets(box: SecretBox, delivery: ClaimedDelivery): string[] {
  const { endpointId, requesterId, secret, previousSecret } = delivery
  const owner = endpointId === null ? callerOwner(requesterId ?? '') : endpointOwner(endpointId)
  if (secret === null) throw new Error('there is no secret')
  return [secret, previousSecret].flatMap((sealed) => (sealed === null ? [] : [box.open(sealed, owner)]))
}

function isSuccess(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300
}

function explain(status: number): string {
  return status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`
}
