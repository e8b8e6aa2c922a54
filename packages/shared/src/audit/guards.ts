// Compares the database objects that keep the trail append-only with those that the migrations create.
import { hash } from 'node:crypto'
import type pg from 'pg'

const TABLES = ['audit_events', 'audit_head'] as const

interface Guard {
  readonly table: (typeof TABLES)[number]
  readonly calls: string
  /** `pg_trigger.tgtype`: 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate. */
  readonly when: number
  /** Allowed values of `pg_trigger.tgenabled`: A (always), O (not in replica sessions). */
  readonly enabled: readonly string[]
}

/** The triggers that keep the trail append-only. A table of the trail has no other. */
const TRIGGERS: Readonly<Record<string, Guard>> = {
  audit_events_append_only: {
    table: 'audit_events',
    calls: 'waybill.refuse_change()',
    when: 2 + 8 + 16 + 32,
    enabled: ['A'],
  },
  audit_events_erasure: {
    table: 'audit_events',
    calls: 'waybill.require_erasure()',
    when: 1 + 2 + 16,
    enabled: ['A'],
  },
  audit_events_chain: {
    table: 'audit_events',
    calls: 'waybill.chain_event()',
    when: 1 + 2 + 4,
    enabled: ['O', 'A'],
  },
  audit_head_guard: {
    table: 'audit_head',
    calls: 'waybill.guard_head()',
    when: 2 + 4 + 8 + 16 + 32,
    enabled: ['O', 'A'],
  },
}

/**
 * SHA-256 of each function as {@link describeFunction} writes it. A migration that changes a function changes its line here;
 * a test compares the two.
 */
const FUNCTIONS: Readonly<Record<string, string>> = {
  audit_digest: 'dbaa492eb7f464f7f8492385a8543343e8c51f09908fb52164d494c8f64c0b3f',
  audit_hash: '3ce40db5d7281b0ec22d9164ebe375f294e007f04bc50b9e1d3018ebf88ae4b5',
  chain_event: '98efa210e4f8a8446c7516c1eeb367c869c2087b8a810c779a2706754f26736b',
  erase_events: 'd2914e2c92877c7ab61017c58b88ebb8dc754f34227a46f338fc7e6662d57110',
  guard_head: '064213004b166b332bb162cbd24829d7fc379b436bc557b78b6382ea0a6774d3',
  refuse_change: 'bbdab294b2187ef447678044bf53efc39a5530d311c76f263a6bb64664a5ca1c',
  require_erasure: '47a4f926e6b6b3a972ab16006c4eb75db139e932f4cf8db45679b61eca08baac',
  require_events: 'ec7a3ded854b8babd8b099455cd1ed202bdea237e86e7dd3d6ade45da144019b',
}

interface FunctionRow {
  readonly name: string
  readonly language: string
  readonly securityDefiner: boolean
  readonly settings: string | null
  readonly body: string
}

interface TriggerRow {
  readonly name: string
  readonly table: string
  readonly enabled: string
  readonly calls: string
  readonly when: number
  /** Has a WHEN condition, columns or arguments. No trigger of Waybill has. */
  readonly isLimited: boolean
}

/** @returns what is missing, disabled, changed or added, one problem each */
export async function findGuardProblems(client: pg.Client): Promise<string[]> {
  return [...(await findTriggers(client)), ...(await findFunctions(client)), ...(await findRules(client))]
}

async function findTriggers(client: pg.Client): Promise<string[]> {
  // Internal triggers belong to foreign keys.
  const { rows } = await client.query<TriggerRow>(
    `SELECT t.tgname AS name, c.relname AS table, t.tgenabled AS enabled, t.tgtype AS when,
        t.tgfoid::regprocedure::text AS calls, t.tgqual IS NOT NULL OR t.tgattr <> '' OR t.tgnargs > 0 AS "isLimited"
      FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
      WHERE c.relnamespace = 'waybill'::regnamespace AND c.relname = ANY ($1) AND NOT t.tgisinternal
      ORDER BY t.tgname`,
    [TABLES],
  )
  const missing = Object.keys(TRIGGERS).filter((name) => !rows.some((row) => row.name === name))
  return [...missing.map((name) => `the trigger ${name} was removed`), ...rows.flatMap(triggerProblems)]
}

function triggerProblems({ name, table, enabled, calls, when, isLimited }: TriggerRow): string[] {
  const guard = Object.hasOwn(TRIGGERS, name) ? TRIGGERS[name] : undefined
  if (guard === undefined) return [`the trigger ${name} on ${table} was added: Waybill has none of this name`]
  const isChanged = table !== guard.table || calls !== guard.calls || when !== guard.when || isLimited
  return [
    ...(isChanged ? [`the trigger ${name} was changed`] : []),
    ...(guard.enabled.includes(enabled) ? [] : [`the trigger ${name} is disabled`]),
  ]
}

async function findFunctions(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<FunctionRow>(
    `SELECT p.proname AS name, l.lanname AS language, p.prosecdef AS "securityDefiner",
        array_to_string(p.proconfig, ', ') AS settings, p.prosrc AS body
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
      WHERE p.pronamespace = 'waybill'::regnamespace AND p.proname = ANY ($1) ORDER BY p.proname`,
    [Object.keys(FUNCTIONS)],
  )
  return Object.entries(FUNCTIONS).flatMap(([name, expected]) => {
    const found = rows.filter((row) => row.name === name)
    if (found.length === 0) return [`the function ${name} was removed`]
    if (found.length > 1) return [`there are ${found.length} functions ${name} instead of one`]
    return found.every((row) => describeFunction(row) === expected) ? [] : [`the function ${name} was changed`]
  })
}

function describeFunction({ language, securityDefiner, settings, body }: FunctionRow): string {
  return hash('sha256', JSON.stringify([language, securityDefiner, settings, body]), 'hex')
}

/** Rules can replace an INSERT, row security can hide events, and children of a table can add some. */
async function findRules(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ problem: string }>(
    `WITH trail AS (
        SELECT * FROM pg_catalog.pg_class
        WHERE relnamespace = 'waybill'::regnamespace AND relname = ANY ($1))
      SELECT format('the rule %s on %s was added: Waybill has no rules', r.rulename, t.relname) AS problem
        FROM trail t JOIN pg_catalog.pg_rewrite r ON r.ev_class = t.oid
      UNION ALL SELECT format('row security of %s was switched on', relname) FROM trail WHERE relrowsecurity
      UNION ALL SELECT format('%s is no ordinary table', relname) FROM trail WHERE relkind <> 'r'
      UNION ALL SELECT format('the table %s inherits from %s', i.inhrelid::regclass, t.relname)
        FROM trail t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid`,
    [TABLES],
  )
  return rows.map(({ problem }) => problem)
}
