// Hashes events independently of the SQL function, so that a changed function in the database is detected.
import { hash } from 'node:crypto'

/** The previous hash of the first event. */
const FIRST_PREVIOUS_HASH = '0'.repeat(64)

/** The first element of what is hashed for an event with a digest, so that the two forms cannot be confused. */
const SECOND_FORM = '2'

/** An event as {@link CHAINED_EVENT} selects it: all fields are text, hashes are hex. */
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
  /** Null: the event has the first form, or its personal fields were erased. */
  readonly salt: string | null
  /** Null: the event has the first form. */
  readonly digest: string | null
  readonly previousHash: string
  readonly hash: string
}

/** SQL for the fields of {@link ChainedEvent}, from `waybill.audit_events`. */
export const CHAINED_EVENT = `id::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, type, actor,
  actor_id AS "actorId", address, user_agent AS "userAgent", export_id::text AS "exportId", attempt::text,
  data::text, encode(salt, 'hex') AS salt, encode(digest, 'hex') AS digest,
  encode(previous_hash, 'hex') AS "previousHash", encode(hash, 'hex') AS hash`

/** The personal fields of an event after `waybill.erase_events`. */
const ERASED = { actor: 'erased', actorId: null, address: null, userAgent: null, data: '{}' } as const

/**
 * The hex SHA-256 of a JSON array of texts and nulls, separated by ", " as Postgres' json_build_array does
 * (docs/audit.md, and `waybill.audit_hash` and `waybill.audit_digest` in the migrations).
 */
function hashFields(fields: readonly (string | null)[]): string {
  return hash('sha256', `[${fields.map((field) => JSON.stringify(field)).join(', ')}]`, 'hex')
}

function hashEvent(event: ChainedEvent): string {
  const { id, at, type, actor, actorId, address, userAgent, exportId, attempt, data, digest, previousHash } = event
  return hashFields(
    digest === null
      ? [id, at, type, actor, actorId, address, userAgent, exportId, attempt, data, previousHash]
      : [SECOND_FORM, id, at, type, exportId, attempt, digest, previousHash],
  )
}

/** False: the personal fields are not those that the digest was made of, and were not erased. */
function hasItsFields(event: ChainedEvent): boolean {
  const { salt, digest, actor, actorId, address, userAgent, data } = event
  if (digest === null) return salt === null
  if (salt === null)
    return Object.entries(ERASED).every(([name, value]) => event[name as keyof typeof ERASED] === value)
  return hashFields([salt, actor, actorId, address, userAgent, data]) === digest
}

/** A recorded position in the trail: the number of an event and its hash, written `SEQ:HASH`. */
export interface Head {
  readonly id: bigint
  readonly hash: string
}

/** @returns undefined if the text has another format */
export function parseHead(text: string): Head | undefined {
  const [, id, digest] = /^(\d{1,18}):([0-9a-f]{64})$/i.exec(text) ?? []
  return id === undefined || digest === undefined ? undefined : { id: BigInt(id), hash: digest.toLowerCase() }
}

export function formatHead({ id, hash: digest }: Head): string {
  return `${id}:${digest}`
}

/**
 * Checks the events one by one, in order.
 *
 * @param noted heads that were recorded earlier; each must be in the trail
 */
export class ChainCheck {
  /** The hashes that were recorded for an event. More than one: the trail was replaced between the records. */
  readonly #noted: Map<bigint, Set<string>>
  #last: Head = { id: 0n, hash: FIRST_PREVIOUS_HASH }
  #hasSecondForm = false
  #count = 0

  constructor(noted: readonly Head[] = []) {
    const byId = Map.groupBy(noted, ({ id }) => id)
    this.#noted = new Map([...byId].map(([id, heads]) => [id, new Set(heads.map((head) => head.hash))]))
  }

  get count(): number {
    return this.#count
  }

  /** The last event checked; number 0 and zeros before the first. */
  get last(): Head {
    return this.#last
  }

  /** @returns problems of this event, or between it and the previous one */
  take(event: ChainedEvent): string[] {
    const id = BigInt(event.id)
    const before = this.#last
    const problems: string[] = []
    if (event.previousHash !== before.hash) {
      const isNext = id === before.id + 1n
      problems.push(
        isNext
          ? `event ${id} does not follow ${before.id === 0n ? 'the start of the trail' : `event ${before.id}`}: one of the two was replaced`
          : `events are missing between ${before.id} and ${id}`,
      )
    }
    if (!hasItsFields(event) || hashEvent(event) !== event.hash) problems.push(`event ${id} was changed`)
    if (event.digest !== null) this.#hasSecondForm = true
    else if (this.#hasSecondForm)
      problems.push(`event ${id} has the form of an older version, after events of this one`)
    const noted = this.#noted.get(id)
    if (noted !== undefined) {
      this.#noted.delete(id)
      for (const recorded of noted) {
        if (recorded !== event.hash) {
          problems.push(`event ${id} differs from the one whose hash was recorded: ${recorded}`)
        }
      }
    }
    this.#last = { id, hash: event.hash }
    this.#count += 1
    return problems
  }

  /** @returns problems of the end; `head` is stored separately from the events */
  end(head: Head | undefined): string[] {
    const { id, hash: digest } = this.#last
    const problems = [...this.#noted.keys()].map((noted) => `event ${noted}, whose hash was recorded, is missing`)
    if (head === undefined) problems.push('the head of the trail was removed')
    else if (head.id > id) problems.push(`events are missing at the end: the last is ${id}, the head ${head.id}`)
    else if (head.id < id) problems.push(`events after ${head.id} were not written by the trigger of the database`)
    else if (head.hash !== digest) problems.push(`event ${id}, the last, differs from the one in the head`)
    return problems
  }
}
