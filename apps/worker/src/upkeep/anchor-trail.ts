// Writes the head of the audit trail into the bucket every AUDIT_ANCHOR_INTERVAL.
import { hasAnchorSince, writeAnchor } from '@waybill/shared/audit/anchors.ts'
import type { ReconcilerDeps } from '../context.ts'

/** A storage that hangs must not keep the reconciler from its other steps. */
const STORAGE_TIMEOUT_MS = 10_000

/** Time between two looks into the bucket while no anchor is due. */
const LOOK_INTERVAL_MS = 60_000

/** When each reconciler looks into the bucket again. */
const nextLooks = new WeakMap<ReconcilerDeps, number>()

/**
 * A step of the reconciler. The bucket says whether an anchor is due, so that workers that take turns, and workers that were
 * restarted, write one anchor per interval together.
 */
export async function anchorTrail(deps: ReconcilerDeps): Promise<void> {
  const { config, db, storage, log } = deps
  const interval = config.AUDIT_ANCHOR_INTERVAL
  const now = Date.now()
  if (interval === 0 || now < (nextLooks.get(deps) ?? 0)) return
  const signal = AbortSignal.timeout(STORAGE_TIMEOUT_MS)
  if (!(await hasAnchorSince(storage, new Date(now - interval), signal))) {
    const anchor = await writeAnchor(db, storage, signal)
    if (anchor !== undefined) log.info({ key: anchor.key }, 'the head of the audit trail was anchored')
  }
  nextLooks.set(deps, now + Math.min(interval, LOOK_INTERVAL_MS))
}
