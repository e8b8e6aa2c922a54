// The callers of the soak: they request random exports, repeat requests without an answer, and cancel some exports.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Json } from '../setup/api/api-client.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

export interface Asked {
  readonly key: string
  readonly request: Readonly<Record<string, unknown>>
  /** Known once it was answered 202. */
  id?: string
  /** A cancel was answered 202. */
  canceled?: boolean
}

export interface Tally {
  readonly asked: Asked[]
  /** Answers to POSTs by status; 0 for none at all. */
  readonly answers: Map<number, number>
}

const FORMATS = ['csv', 'json', 'ndjson', 'xlsx'] as const
const DATASETS = ['users', 'user-points', 'user-interactions', 'wallet-transactions'] as const

/** No limit. */
const WHOLE = 0

/** A caller that hears nothing for so long asks again (milliseconds). */
const PATIENCE = 5_000

/** More than this at once would only measure the machine. */
const MOST_OPEN = 15

/** Asks until the signal aborts, then sees every request through to its 202. */
export async function makeRequests(world: World, random: Random, ending: AbortSignal, tally: Tally): Promise<void> {
  const open = new Set<Promise<void>>()
  while (!ending.aborted) {
    if (open.size < MOST_OPEN) {
      const asked = randomRequest(random)
      tally.asked.push(asked)
      const cancelAfter = random.chance(0.15) ? random.between(0, 2_000) : undefined
      const seen = seeThrough(world, asked, tally, cancelAfter)
      open.add(seen)
      void seen.finally(() => open.delete(seen))
    }
    await sleep(random.between(200, 1_400), undefined, { signal: ending }).catch(() => undefined)
  }
  await Promise.all(open)
}

function randomRequest(random: Random): Asked {
  const format = random.pick(FORMATS)
  // Spreadsheets are slow to read back, whole tables large to keep: a few are enough.
  const limit = format === 'xlsx' ? random.pick([1, 50, 2_000]) : random.pick([1, 50, 2_000, 2_000, 8_000, WHOLE])
  const compression = format !== 'xlsx' && random.chance(0.4) ? 'gzip' : 'none'
  const dataset = random.pick(DATASETS)
  return {
    key: randomUUID(),
    request: { dataset, format, compression, ...(limit === WHOLE ? {} : { limit }) },
  }
}

async function seeThrough(world: World, asked: Asked, tally: Tally, cancelAfter: number | undefined): Promise<void> {
  while (asked.id === undefined) {
    const { status, body } = await send(world, '/v1/exports', asked.request, asked.key)
    tally.answers.set(status, (tally.answers.get(status) ?? 0) + 1)
    if (status === 202) asked.id = body.id
    else await sleep(500)
  }
  if (cancelAfter === undefined) return
  await sleep(cancelAfter)
  const { status } = await send(world, `/v1/exports/${asked.id}/cancel`, {})
  asked.canceled = status === 202
}

/** Status 0 when there was no answer. */
async function send(world: World, path: string, body: unknown, key?: string): Promise<Answer<Json>> {
  const { url, admin } = world.api()
  const silent = { status: 0, headers: new Headers(), body: undefined }
  try {
    const patience = sleep(PATIENCE, silent, { ref: false })
    return await Promise.race([admin.post(path, body, key === undefined ? {} : { 'Idempotency-Key': key }), patience])
  } catch (error) {
    if (error instanceof TypeError) return silent // fetch: the connection broke or was refused
    throw new Error(`POST ${url}${path} failed`, { cause: error })
  }
}
