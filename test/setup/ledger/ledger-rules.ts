// The rules of an export, independent of the product: legal transitions, and invariants between two snapshots.

import type { AuditRow } from '@waybill/shared/audit/queries.ts'
import type { ExportStatus } from '@waybill/shared/vocabulary/export.ts'
import { expect } from 'vitest'
import type { Call, Snapshot } from './ledger-actors.ts'

/** The diagram of docs/state-machine.md. The first transition has no `from`. */
export const TRANSITIONS: readonly { from?: ExportStatus; event: string; to: ExportStatus }[] = [
  { event: 'export.requested', to: 'queued' },
  { from: 'queued', event: 'export.started', to: 'running' },
  { from: 'running', event: 'export.completed', to: 'completed' },
  { from: 'running', event: 'export.failed', to: 'failed' },
  { from: 'queued', event: 'export.failed', to: 'failed' },
  { from: 'running', event: 'export.retrying', to: 'queued' },
  { from: 'running', event: 'export.released', to: 'queued' },
  { from: 'queued', event: 'export.canceled', to: 'canceled' },
  { from: 'running', event: 'export.canceled', to: 'canceled' },
  { from: 'completed', event: 'export.expired', to: 'expired' },
]

/** Events that do not change the state. */
const STATELESS_EVENTS: ReadonlySet<string> = new Set(['export.downloaded', 'export.link-issued'])

/** Calls that need the token of the current attempt. */
const OWNER_CALLS: ReadonlySet<Call['kind']> = new Set(['complete', 'fail', 'requeue', 'release', 'releaseForOutage'])

const MAX_LOST = 3

/** The status after these events. @throws if a transition is not legal */
function statusAfter(events: readonly Pick<AuditRow, 'type'>[]): ExportStatus {
  let status: ExportStatus | undefined
  for (const { type } of events) {
    if (STATELESS_EVENTS.has(type)) continue
    const step = TRANSITIONS.find(({ from, event }) => from === status && event === type)
    expect(step, `${type} after ${status ?? 'nothing'}`).toBeDefined()
    status = step?.to
  }
  if (status === undefined) throw new Error('the trail is empty')
  return status
}

/** @param calls every call between the two snapshots */
export function expectLegal(before: Snapshot, after: Snapshot, calls: readonly Call[]): void {
  expectTrail(before, after)
  expectResults(before, after, calls)
  expectOwner(before, after, calls)
  expectCounters(after)
  expectFile(before, after)
}

function expectTrail(before: Snapshot, after: Snapshot): void {
  expect(after.events.slice(0, before.events.length), 'the trail is append-only').toEqual(before.events)
  expect(statusAfter(after.events), 'the trail leads to the state').toBe(after.row.status)
}

/** A successful call has written one event, an unsuccessful one none. */
function expectResults(before: Snapshot, after: Snapshot, calls: readonly Call[]): void {
  const written = after.events.slice(before.events.length)
  for (const { kind, actor, key, result } of calls) {
    const own = written.filter((event) => event.actor === actor).map(({ type }) => type)
    if (kind === 'revive') {
      expect(own.length).toBeLessThanOrEqual(1)
    } else if (kind === 'complete' && result) {
      // A repeated publication writes no event, because its file is already published.
      expect(own).toEqual(own.length === 0 ? [] : ['export.completed'])
      expect(after.row.artifactKey ?? key, 'its file is the published one').toBe(key)
    } else {
      const isSilent = kind === 'heartbeat' || kind === 'recordUpload'
      expect(own, `${kind} returned ${result}`).toHaveLength(result && !isSilent ? 1 : 0)
    }
    if (kind === 'reviveNone' || kind === 'createAgain') expect(result, kind).toBe(false)
  }
  const actors = new Set(calls.map(({ actor }) => actor))
  expect(written.filter(({ actor }) => !actors.has(actor))).toEqual([])
}

/** Only the current attempt changes the state of the export or renews its lock. */
function expectOwner(before: Snapshot, after: Snapshot, calls: readonly Call[]): void {
  const byActor = new Map(calls.map((call) => [call.actor, call]))
  let owner = before.row.attemptToken
  const owners = new Set([owner])
  const written = after.events.slice(before.events.length)
  for (const { type, actor } of written) {
    const call = byActor.get(actor)
    if (type === 'export.started') owner = call?.token ?? null
    else {
      if (call !== undefined && OWNER_CALLS.has(call.kind)) expect(call.token, `${call.kind} by the owner`).toBe(owner)
      if (!STATELESS_EVENTS.has(type)) owner = null
    }
    owners.add(owner)
  }
  expect(after.row.attemptToken, 'the token is that of the current attempt').toBe(owner)
  for (const { kind, token, result } of calls) {
    if (kind !== 'heartbeat' && kind !== 'recordUpload') continue
    if (result) expect(owners.has(token ?? null), `${kind} of an attempt that never owned the export`).toBe(true)
    else if (written.length === 0) expect(token, `${kind} of the owner was refused`).not.toBe(owner)
  }
}

function expectCounters({ row, events }: Snapshot): void {
  const count = (matches: (event: AuditRow) => boolean) => events.filter(matches).length
  const started = count(({ type }) => type === 'export.started')
  expect(row.attempts).toBe(started - count(({ type }) => type === 'export.released'))
  expect(row.lost).toBe(count(({ data }) => (data as { code?: string }).code === 'WORKER_LOST'))
  expect(row.outages).toBe(count(({ data }) => (data as { waitingFor?: string }).waitingFor !== undefined))
  expect(row.status === 'queued' || (row.waitingFor === null && row.nextAttemptAt === null)).toBe(true)
  expect(row.lost).toBeLessThanOrEqual(MAX_LOST)
  if (row.lost === MAX_LOST) expect(row).toMatchObject({ status: 'failed', errorCode: 'WORKER_LOST' })
  let attempts = 0
  for (const { type, attempt } of events) {
    if (type === 'export.started') attempts += 1
    if (attempts > 0 && !STATELESS_EVENTS.has(type) && type !== 'export.canceled') expect(attempt, type).toBe(attempts)
    if (type === 'export.released') attempts -= 1
  }
}

function expectFile(before: Snapshot, { row, uploads, leftovers }: Snapshot): void {
  const isRunning = row.status === 'running'
  const hasFile = row.status === 'completed' || row.status === 'expired'
  expect(row.attemptToken !== null).toBe(isRunning)
  expect(row.heartbeatAt !== null || !isRunning).toBe(true)
  expect(row.finishedAt !== null).toBe(row.status !== 'queued' && !isRunning)
  expect(row.errorCode !== null).toBe(row.status === 'failed')
  expect([row.sha256 !== null, row.rowCount !== null, row.snapshotAt !== null]).toEqual([hasFile, hasFile, hasFile])
  if (row.status === 'completed') expect(row.artifactKey).not.toBeNull()
  if (!hasFile) expect(row.artifactKey).toBeNull()
  // A published file is never replaced: its key stays until the file is removed, its hash for ever.
  if (before.row.artifactKey !== null && row.status === 'completed')
    expect(row.artifactKey).toBe(before.row.artifactKey)
  if (before.row.sha256 !== null) expect(row.sha256).toBe(before.row.sha256)
  // The reconciler never removes the published file or the objects of the current attempt.
  for (const { key, token } of leftovers) {
    expect(key).not.toBe(row.artifactKey)
    expect(token).not.toBe(row.attemptToken)
  }
  expect(uploads.map(({ key }) => key)).not.toContain(row.artifactKey)
}
