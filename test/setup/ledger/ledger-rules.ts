// The rules of an export, written by hand: legal transitions, and what must hold between two observations.

import type { EventRow } from '@waybill/shared/ledger/queries.ts'
import type { ExportStatus } from '@waybill/shared/vocabulary/export.ts'
import { expect } from 'vitest'
import type { Look, Said } from './ledger-actors.ts'

/** The diagram of docs/state-machine.md. No `from`: the beginning. */
export const TRANSITIONS: readonly { from?: ExportStatus; event: string; to: ExportStatus }[] = [
  { event: 'export.requested', to: 'queued' },
  { from: 'queued', event: 'export.started', to: 'running' },
  { from: 'running', event: 'export.completed', to: 'completed' },
  { from: 'running', event: 'export.failed', to: 'failed' },
  { from: 'running', event: 'export.retrying', to: 'queued' },
  { from: 'running', event: 'export.released', to: 'queued' },
  { from: 'queued', event: 'export.canceled', to: 'canceled' },
  { from: 'running', event: 'export.canceled', to: 'canceled' },
  { from: 'completed', event: 'export.expired', to: 'expired' },
]

/** They change no state. */
const REMARKS: ReadonlySet<string> = new Set(['export.downloaded'])

/** What a worker may do to the export with its token only. */
const OWNERS_ONLY: ReadonlySet<Said['kind']> = new Set(['complete', 'fail', 'requeue', 'release'])

const MAX_LOST = 3

/** Walks the trail. @throws when a step is not legal */
export function statusAfter(events: readonly Pick<EventRow, 'type'>[]): ExportStatus {
  let status: ExportStatus | undefined
  for (const { type } of events) {
    if (REMARKS.has(type)) continue
    const step = TRANSITIONS.find(({ from, event }) => from === status && event === type)
    expect(step, `${type} after ${status ?? 'nothing'}`).toBeDefined()
    status = step?.to
  }
  if (status === undefined) throw new Error('the trail is empty')
  return status
}

/** @param said every call between the two looks, with its answer */
export function expectLegal(before: Look, after: Look, said: readonly Said[]): void {
  expectTrail(before, after)
  expectAnswers(before, after, said)
  expectOwner(before, after, said)
  expectCounters(after)
  expectFile(before, after)
}

function expectTrail(before: Look, after: Look): void {
  expect(after.events.slice(0, before.events.length), 'the trail is only added to').toEqual(before.events)
  expect(statusAfter(after.events), 'the trail leads to the state').toBe(after.row.status)
}

/** An actor with the answer yes has written one event, one with the answer no has written none. */
function expectAnswers(before: Look, after: Look, said: readonly Said[]): void {
  const written = after.events.slice(before.events.length)
  for (const { kind, actor, key, answer } of said) {
    const own = written.filter((event) => event.actor === actor).map(({ type }) => type)
    if (kind === 'revive') {
      expect(own.length).toBeLessThanOrEqual(1)
    } else if (kind === 'complete' && answer) {
      // A repeated publication: its file is the published one already.
      expect(own).toEqual(own.length === 0 ? [] : ['export.completed'])
      expect(after.row.artifactKey ?? key, 'its file is the published one').toBe(key)
    } else {
      const isSilent = kind === 'heartbeat' || kind === 'recordUpload'
      expect(own, `${kind} was told ${answer}`).toHaveLength(answer && !isSilent ? 1 : 0)
    }
    if (kind === 'reviveNone' || kind === 'createAgain') expect(answer, kind).toBe(false)
  }
  const actors = new Set(said.map(({ actor }) => actor))
  expect(written.filter(({ actor }) => !actors.has(actor))).toEqual([])
}

/** Only the attempt that started last, and has not ended, moves the export or renews its lock. */
function expectOwner(before: Look, after: Look, said: readonly Said[]): void {
  const calls = new Map(said.map((call) => [call.actor, call]))
  let owner = before.row.attemptToken
  const owners = new Set([owner])
  const written = after.events.slice(before.events.length)
  for (const { type, actor } of written) {
    const call = calls.get(actor)
    if (type === 'export.started') owner = call?.token ?? null
    else {
      if (call !== undefined && OWNERS_ONLY.has(call.kind)) expect(call.token, `${call.kind} by the owner`).toBe(owner)
      if (type !== 'export.downloaded') owner = null
    }
    owners.add(owner)
  }
  expect(after.row.attemptToken, 'the token is that of the last who started, while it runs').toBe(owner)
  for (const { kind, token, answer } of said) {
    if (kind !== 'heartbeat' && kind !== 'recordUpload') continue
    if (answer) expect(owners.has(token ?? null), `${kind} by somebody who never owned it`).toBe(true)
    else if (written.length === 0) expect(token, `${kind} of the owner was refused`).not.toBe(owner)
  }
}

function expectCounters({ row, events }: Look): void {
  const count = (matches: (event: EventRow) => boolean) => events.filter(matches).length
  const started = count(({ type }) => type === 'export.started')
  expect(row.attempts).toBe(started - count(({ type }) => type === 'export.released'))
  expect(row.lost).toBe(count(({ data }) => (data as { code?: string }).code === 'WORKER_LOST'))
  expect(row.lost).toBeLessThanOrEqual(MAX_LOST)
  if (row.lost === MAX_LOST) expect(row).toMatchObject({ status: 'failed', errorCode: 'WORKER_LOST' })
  let attempts = 0
  for (const { type, attempt } of events) {
    if (type === 'export.started') attempts += 1
    if (attempts > 0 && !REMARKS.has(type) && type !== 'export.canceled') expect(attempt, type).toBe(attempts)
    if (type === 'export.released') attempts -= 1
  }
}

function expectFile(before: Look, { row, uploads, leftovers }: Look): void {
  const isRunning = row.status === 'running'
  const hasFile = row.status === 'completed' || row.status === 'expired'
  expect(row.attemptToken !== null).toBe(isRunning)
  expect(row.heartbeatAt !== null || !isRunning).toBe(true)
  expect(row.finishedAt !== null).toBe(row.status !== 'queued' && !isRunning)
  expect(row.errorCode !== null).toBe(row.status === 'failed')
  expect([row.sha256 !== null, row.rowCount !== null, row.snapshotAt !== null]).toEqual([hasFile, hasFile, hasFile])
  if (row.status === 'completed') expect(row.artifactKey).not.toBeNull()
  if (!hasFile) expect(row.artifactKey).toBeNull()
  // Once published, never another: the key stays until the file is forgotten, the hash for good.
  if (before.row.artifactKey !== null && row.status === 'completed')
    expect(row.artifactKey).toBe(before.row.artifactKey)
  if (before.row.sha256 !== null) expect(row.sha256).toBe(before.row.sha256)
  // What the reconciler would remove is never the published file, nor what the owner is writing.
  for (const { key, token } of leftovers) {
    expect(key).not.toBe(row.artifactKey)
    expect(token).not.toBe(row.attemptToken)
  }
  expect(uploads.map(({ key }) => key)).not.toContain(row.artifactKey)
}
