// Workers, callers and reconcilers that act on one export concurrently, and record the results of their calls.
import { randomUUID } from 'node:crypto'
import { type AuditRow, listEvents } from '@waybill/shared/audit/queries.ts'
import type { Database } from '@waybill/shared/database/client.ts'
import type { Export } from '@waybill/shared/generated/prisma/client.ts'
import type { Attempt, Ledger, UploadRow } from '@waybill/shared/ledger/ledger.ts'
import { newExport } from './new-export.ts'

export type Action =
  | { readonly kind: 'claim'; readonly worker: number }
  | {
      readonly kind: 'heartbeat' | 'recordUpload' | 'complete' | 'fail' | 'requeue' | 'release' | 'releaseForOutage'
      readonly worker: number
      /** Whether to use the token of the previous attempt. */
      readonly late: boolean
    }
  | { readonly kind: 'revive' | 'reviveNone' | 'cancel' | 'expire' | 'forget' | 'createAgain' | 'endWait' }

/** One call and its result. Each call has a different actor, so the trail shows which call wrote an event. */
export interface Call {
  readonly kind: Action['kind']
  readonly actor: string
  readonly token: string | undefined
  readonly key: string | undefined
  readonly result: boolean
}

/** The state of the export at one moment. */
export interface Snapshot {
  readonly row: Export
  readonly events: readonly AuditRow[]
  readonly uploads: readonly UploadRow[]
  readonly leftovers: readonly UploadRow[]
}

const REQUEST = newExport({ idempotency: { key: 'again', hash: 'same' } })

const DAY_MS = 86_400_000

export class Actors {
  readonly #db: Database
  readonly #ledger: Ledger
  readonly #requester: string
  readonly #exportId: string
  /** The tokens of the attempts of each worker, the latest last. */
  readonly #tokens: string[][] = [[], [], []]
  #calls = 0

  private constructor(db: Database, ledger: Ledger, requester: string, exportId: string) {
    this.#db = db
    this.#ledger = ledger
    this.#requester = requester
    this.#exportId = exportId
  }

  static async begin(db: Database, ledger: Ledger): Promise<Actors> {
    const requester = randomUUID()
    const { row } = await ledger.create(REQUEST, { id: requester, name: 'requester' }, 1)
    return new Actors(db, ledger, requester, row.id)
  }

  /** Removes the uploads, so that other tests do not find them. */
  async end(): Promise<void> {
    await this.#db.upload.deleteMany({ where: { exportId: this.#exportId } })
  }

  async read(): Promise<Snapshot> {
    const [row, events, uploads, leftovers] = await Promise.all([
      this.#db.export.findUniqueOrThrow({ where: { id: this.#exportId } }),
      listEvents(this.#db, this.#exportId, { limit: 1_000 }),
      this.#db.upload.findMany({ where: { exportId: this.#exportId } }),
      this.#ledger.listLeftovers(1_000_000),
    ])
    return { row, events, uploads, leftovers: leftovers.filter(({ exportId }) => exportId === this.#exportId) }
  }

  /** Runs all actions concurrently. The actions of one worker, except heartbeats, run one after the other. */
  async act(actions: readonly Action[]): Promise<Call[]> {
    const lines = Map.groupBy(actions, (action) =>
      'worker' in action && action.kind !== 'heartbeat' ? action.worker : action,
    )
    const calls = [...lines.values()].map(async (line) => {
      const done: Call[] = []
      for (const action of line) done.push(await this.#do(action))
      return done
    })
    return (await Promise.all(calls)).flat()
  }

  async #do(action: Action): Promise<Call> {
    this.#calls += 1
    const actor = `call-${this.#calls}`
    if (!('worker' in action)) {
      return {
        kind: action.kind,
        actor,
        token: undefined,
        key: undefined,
        result: await this.#withoutWorker(action, actor),
      }
    }
    const tokens = this.#tokens[action.worker] ?? []
    if (action.kind === 'claim') tokens.push(randomUUID())
    // A worker without an attempt uses a token that the ledger does not know.
    const token = tokens.at('late' in action && action.late ? -2 : -1) ?? randomUUID()
    const key = `exports/${token}/file.csv`
    const attempt: Attempt = { exportId: this.#exportId, token, worker: actor }
    return { kind: action.kind, actor, token, key, result: await this.#asWorker(action.kind, attempt, key) }
  }

  async #asWorker(kind: Action['kind'], attempt: Attempt, key: string): Promise<boolean> {
    switch (kind) {
      case 'claim':
        return (await this.#ledger.claim(attempt)) !== undefined
      case 'heartbeat':
        return this.#ledger.heartbeat(attempt, { rows: 1, bytes: 1 })
      case 'recordUpload':
        return this.#ledger.recordUpload(attempt, { key, uploadId: 'upload' })
      case 'complete': {
        const { token: sha256 } = attempt
        const size = { rowCount: 1, bytes: 1, truncated: false, warnings: [] }
        return this.#ledger.complete(attempt, { key, sha256, ...size, snapshotAt: new Date() }, DAY_MS)
      }
      case 'fail':
        return this.#ledger.fail(attempt, 'INTERNAL', 'An error of the test.')
      case 'requeue':
        return this.#ledger.requeue(attempt, 'SOURCE_TIMEOUT', 0)
      case 'release':
        return this.#ledger.release(attempt)
      case 'releaseForOutage':
        return this.#ledger.releaseForOutage(attempt, 'STORAGE_UNAVAILABLE', 'storage', 1_000)
      default:
        throw new TypeError(`not an action of a worker: ${kind}`)
    }
  }

  async #withoutWorker({ kind }: Action, actor: string): Promise<boolean> {
    switch (kind) {
      case 'revive':
        // The returned list lacks an export that failed permanently, so the events are checked instead.
        await this.#ledger.reviveLost(0, actor, this.#exportId)
        return false
      case 'reviveNone':
        return (await this.#ledger.reviveLost(DAY_MS, actor, this.#exportId)).length > 0
      case 'cancel':
        return this.#ledger.cancel(this.#exportId, actor)
      case 'expire':
        return this.#ledger.expire(this.#exportId, actor)
      case 'endWait':
        await this.#ledger.endWait('storage')
        return false
      case 'forget':
        await this.#ledger.forgetArtifact(this.#exportId)
        return false
      case 'createAgain':
        return (await this.#ledger.create(REQUEST, { id: this.#requester, name: actor }, 1)).created
      default:
        throw new TypeError(`an action of a worker: ${kind}`)
    }
  }
}
