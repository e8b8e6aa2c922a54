// Observes exports in the database, and stops them where the fault is to occur.
import pg from 'pg'
import { readTrail } from './invariants.ts'
import type { Program } from './program.ts'
import type { TrailEvent } from './trail.ts'
import { until } from './until.ts'

export interface RowSeen {
  readonly status: string
  readonly attempts: number
  readonly token: string | null
  readonly errorCode: string | null
}

export interface Hold {
  release(): Promise<void>
}

export interface Observer {
  row(id: string): Promise<RowSeen>
  /** Waits until the row matches. */
  becomes(id: string, status: string, timeoutMs?: number): Promise<RowSeen>
  trail(id: string): Promise<TrailEvent[]>
  /** The types of the events of the export, without `export.`. Links that were handed out are left out. */
  story(id: string): Promise<string[]>
  /** The live process that runs the export. */
  runner(id: string): Promise<Program>
  /** Waits until a multipart upload of the export has started: its id is recorded, and its parts are being sent. */
  uploading(id: string): Promise<void>
  /** Runs a statement that takes a lock, and keeps the lock until `release`. */
  hold(statement: string): Promise<Hold>
  /** Locks the table users until `release`: every export of users stops before its first row. */
  lockUsers(): Promise<Hold>
  /** Blocks the publication of exports until `release`: the publishing statement waits in the server. */
  holdPublication(): Promise<Hold>
  /** The number of backends that wait for a lock, by a part of their statement. */
  blocked(statement: string): Promise<number[]>
}

export interface ObserverOptions {
  readonly client: pg.Pool
  readonly url: string
  readonly programs: () => readonly Program[]
  /** Runs the function when the test has ended. */
  readonly defer: (action: () => Promise<void>) => void
}

export function createObserver({ client, url, programs, defer }: ObserverOptions): Observer {
  const row = async (id: string): Promise<RowSeen> => {
    const { rows } = await client.query<RowSeen>(
      `SELECT status, attempts, attempt_token AS token, error_code AS "errorCode" FROM waybill.exports WHERE id = $1`,
      [id],
    )
    if (rows[0] === undefined) throw new Error(`there is no export ${id}`)
    return rows[0]
  }
  const hold = async (statement: string): Promise<Hold> => {
    const holder = new pg.Client({ connectionString: url, application_name: 'test-hold' })
    await holder.connect()
    let ended: Promise<void> | undefined
    const release = () => (ended ??= holder.end())
    defer(release)
    await holder.query('BEGIN')
    await holder.query(statement)
    return { release }
  }
  const trail = (id: string) => readTrail(client, id)
  return {
    row,
    hold,
    trail,
    story: async (id) =>
      (await trail(id)).map(({ type }) => type.replace('export.', '')).filter((type) => type !== 'link-issued'),
    becomes: (id, status, timeoutMs) =>
      until(
        `export ${id} is ${status}`,
        async () => {
          const seen = await row(id)
          return seen.status === status && seen
        },
        timeoutMs,
      ),
    runner: (id) =>
      until(`a worker runs export ${id}`, async () => {
        if ((await row(id)).status !== 'running') return undefined
        const started = (await trail(id)).findLast(({ type }) => type === 'export.started')
        return programs().find(({ pid, exit }) => exit() === undefined && started?.actor.endsWith(`:${pid}`))
      }),
    uploading: async (id) => {
      await until(`export ${id} is being uploaded`, async () => {
        const { rowCount } = await client.query(
          `SELECT FROM waybill.uploads u JOIN waybill.exports e ON e.attempt_token = u.token
           WHERE e.id = $1 AND u.upload_id IS NOT NULL`,
          [id],
        )
        return rowCount === 1
      })
    },
    lockUsers: () => hold('LOCK TABLE users IN ACCESS EXCLUSIVE MODE'),
    // A lock on the row would also block heartbeats, and the worker would end the attempt before the upload is complete.
    holdPublication: async () => {
      const { release } = await hold('SELECT pg_advisory_xact_lock(1)')
      await client.query(`
        CREATE OR REPLACE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
        CREATE OR REPLACE TRIGGER wait_for_test BEFORE UPDATE ON waybill.exports FOR EACH ROW
          WHEN (NEW.status = 'completed') EXECUTE FUNCTION wait_for_test()`)
      return { release }
    },
    blocked: async (statement) => {
      const { rows } = await client.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query LIKE '%' || $1 || '%'`,
        [statement],
      )
      return rows.map(({ pid }) => pid)
    },
  }
}
