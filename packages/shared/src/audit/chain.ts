// How an event is hashed, written a second time and not in SQL: a function that was changed in the database is found.
import { hash } from 'node:crypto'

/** What stands before the first event. */
export const FIRST_PREVIOUS_HASH = '0'.repeat(64)

/** An event as the cursor below gives it: all texts, hashes in hex. */
export interface ChainedEvent {
  readonly id: string
  readonly at: string
  readonly type: string
  readonly actor: string
  readonly actorId: string | null
  readonly address: string | null
  readonly userAgent: string | null
  readonly exportId: string | null
  readonly attempt: string | null
  readonly data: string
  readonly previousHash: string
  readonly hash: string
}

/** SQL for the fields of {@link ChainedEvent}, from `waybill.audit_events`. */
export const CHAINED_EVENT = `id::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, type, actor,
  actor_id AS "actorId", address, user_agent AS "userAgent", export_id::text AS "exportId", attempt::text,
  data::text, encode(previous_hash, 'hex') AS "previousHash", encode(hash, 'hex') AS hash`

/**
 * SHA-256, in hex, of a JSON array of texts and nulls with ", " between them, as Postgres' json_build_array writes it
 * (docs/audit.md; `waybill.audit_hash` in the migration).
 */
export function hashEvent(event: ChainedEvent): string {
  const { id, at, type, actor, actorId, address, userAgent, exportId, attempt, data, previousHash } = event
  const fields = [id, at, type, actor, actorId, address, userAgent, exportId, attempt, data, previousHash]
  return hash('sha256', `[${fields.map((field) => JSON.stringify(field)).join(', ')}]`, 'hex')
}

/** A place in the trail that was noted: the number of an event and its hash. Written `SEQ:HASH`. */
export interface Head {
  readonly id: bigint
  readonly hash: string
}

/** @returns undefined: it is not written so */
export function parseHead(text: string): Head | undefined {
  const [, id, digest] = /^(\d{1,18}):([0-9a-f]{64})$/i.exec(text) ?? []
  return id === undefined || digest === undefined ? undefined : { id: BigInt(id), hash: digest.toLowerCase() }
}

export function formatHead({ id, hash: digest }: Head): string {
  return `${id}:${digest}`
}

/**
 * Takes the events in order, one by one, and tells what does not fit.
 *
 * @param noted heads that were written down earlier, each to be met on the way
 */
export class ChainCheck {
  readonly #noted: Map<bigint, string>
  #last: Head = { id: 0n, hash: FIRST_PREVIOUS_HASH }
  #count = 0

  constructor(noted: readonly Head[] = []) {
    this.#noted = new Map(noted.map((head) => [head.id, head.hash]))
  }

  get count(): number {
    return this.#count
  }

  /** The last event taken; number 0 and zeros before the first. */
  get last(): Head {
    return this.#last
  }

  /** What is wrong with this event, or between it and the one before. */
  take(event: ChainedEvent): string[] {
    const id = BigInt(event.id)
    const before = this.#last
    const problems: string[] = []
    if (event.previousHash !== before.hash) {
      const isNext = id === before.id + 1n
      problems.push(
        isNext
          ? `event ${id} does not follow ${before.id === 0n ? 'from the beginning' : `event ${before.id}`}: one of the two was replaced`
          : `events are missing between ${before.id} and ${id}`,
      )
    }
    if (hashEvent(event) !== event.hash) problems.push(`event ${id} was changed`)
    const noted = this.#noted.get(id)
    if (noted !== undefined) {
      this.#noted.delete(id)
      if (noted !== event.hash) problems.push(`event ${id} is not the one whose hash was noted: ${noted}`)
    }
    this.#last = { id, hash: event.hash }
    this.#count += 1
    return problems
  }

  /** What is wrong with the end: `head` is what the database keeps apart from the events. */
  end(head: Head | undefined): string[] {
    const { id, hash: digest } = this.#last
    const problems = [...this.#noted.keys()].map((noted) => `event ${noted}, whose hash was noted, is not there`)
    if (head === undefined) problems.push('the head of the trail was removed')
    else if (head.id > id) problems.push(`events are missing at the end: the last is ${id}, the head ${head.id}`)
    else if (head.id < id) problems.push(`events after ${head.id} did not come through the database's own trigger`)
    else if (head.hash !== digest) problems.push(`event ${id}, the last, is not the one that the head names`)
    return problems
  }
}
