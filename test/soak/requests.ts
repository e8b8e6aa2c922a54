// The callers of the soak test: they request random exports, repeat requests without a response, and cancel some exports.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Json } from '../setup/api/api-client.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

export interface Asked {
  readonly key: string
  readonly request: Readonly<Record<string, unknown>>
  /** Known after the response 202. */
  id?: string
  /** Whether a cancel was answered with 202. */
  canceled?: boolean
}

export interface Tally {
  readonly asked: Asked[]
  /** The number of responses to POSTs by status; 0: no response. */
  readonly answers: Map<number, number>
}

const FORMATS = ['csv', 'json', 'ndjson', 'xlsx'] as const
const DATASETS = ['users', 'user-points', 'user-interactions', 'wallet-transactions'] as const

/** A request without a limit. */
const WHOLE = 0

/** A caller repeats a request that has no response after this time. */
const RESPONSE_TIMEOUT_MS = 5_000

/** More concurrent requests would only test the speed of the machine. */
const MAX_OPEN_REQUESTS = 15

/** Sends requests until the signal aborts, then repeats each open request until its response is 202. */
export async function makeRequests(world: World, random: Random, ending: AbortSignal, tally: Tally): Promise<void> {
  const open = new Set<Promise<void>>()
  while (!ending.aborted) {
    if (open.size < MAX_OPEN_REQUESTS) {
      const asked = randomRequest(random)
      tally.asked.push(asked)
      const cancelAfter = random.chance(0.15) ? random.between(0, 2_000) : undefined
      const seen = sendUntilAccepted(world, asked, tally, cancelAfter)
      open.add(seen)
      void seen.finally(() => open.delete(seen))
    }
    await sleep(random.between(200, 1_400), undefined, { signal: ending }).catch(() => undefined)
  }
  await Promise.all(open)
}

function randomRequest(random: Random): Asked {
  const format = random.pick(FORMATS)
  // Spreadsheets are slow to read and whole tables are large, so their number is limited.
  const limit = format === 'xlsx' ? random.pick([1, 50, 2_000]) : random.pick([1, 50, 2_000, 2_000, 8_000, WHOLE])
  const compression = format !== 'xlsx' && random.chance(0.4) ? 'gzip' : 'none'
  const dataset = random.pick(DATASETS)
  return {
    key: randomUUID(),
    request: { dataset, format, compression, ...(limit === WHOLE ? {} : { limit }) },
  }
}

async function sendUntilAccepted(
  world: World,
  asked: Asked,
  tally: Tally,
  cancelAfter: number | undefined,
): Promise<void> {
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

/** Status 0 if there was no response. */
async function send(world: World, path: string, body: unknown, key?: string): Promise<Answer<Json>> {
  const { url, admin } = world.api()
  const silent = { status: 0, headers: new Headers(), body: undefined }
  try {
    const timeout = sleep(RESPONSE_TIMEOUT_MS, silent, { ref: false })
    return await Promise.race([admin.post(path, body, key === undefined ? {} : { 'Idempotency-Key': key }), timeout])
  } catch (error) {
    if (error instanceof TypeError) return silent // fetch throws it if the connection broke or was refused
    throw new Error(`POST ${url}${path} failed`, { cause: error })
  }
}
