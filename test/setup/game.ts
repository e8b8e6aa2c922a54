// The expected content of the four datasets of GAME: columns, kinds and SQL, independent of the product.
import type { Cell, ColumnKind } from '@waybill/shared/vocabulary/table.ts'
import pg from 'pg'

export interface GameDataset {
  readonly name: string
  /** Clients of GAME rely on the names and their order. */
  readonly columns: readonly (readonly [name: string, kind: ColumnKind])[]
  /** The SELECT list for the columns, in this order. */
  readonly select: string
  readonly from: string
  readonly alias: string
}

const instant = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

export const GAME_DATASETS: readonly GameDataset[] = [
  {
    name: 'users',
    columns: [
      ['id', 'uuid'],
      ['externalUserId', 'text'],
      ['created_at', 'timestamp'],
      ['updated_at', 'timestamp'],
      ['apiKey_used', 'text'],
      ['oauth_user_id', 'text'],
    ],
    select: `one.id, one."externalUserId", ${instant('one.created_at')}, ${instant('one.updated_at')},
      one."apiKey_used", one.oauth_user_id`,
    from: 'users one',
    alias: 'one',
  },
  {
    name: 'user-points',
    columns: [
      ['id', 'uuid'],
      ['created_at', 'timestamp'],
      ['externalUserId', 'text'],
      ['externalTaskId', 'text'],
      ['externalGameId', 'text'],
      ['points', 'integer'],
      ['caseName', 'text'],
      ['description', 'text'],
      ['idempotencyKey', 'text'],
      ['data', 'json'],
      ['apiKey_used', 'text'],
    ],
    select: `one.id, ${instant('one.created_at')}, "externalUserId", "externalTaskId", "externalGameId", one.points,
      one."caseName", one.description, one."idempotencyKey", one.data, one."apiKey_used"`,
    from: `userpoints one, users, tasks, games
      WHERE users.id = one."userId" AND tasks.id = one."taskId" AND games.id = tasks."gameId"`,
    alias: 'one',
  },
  {
    name: 'user-interactions',
    columns: [
      ['id', 'uuid'],
      ['created_at', 'timestamp'],
      ['externalUserId', 'text'],
      ['typeAction', 'text'],
      ['description', 'text'],
      ['data', 'json'],
      ['apiKey_used', 'text'],
    ],
    select: `one.id, ${instant('one.created_at')},
      (SELECT "externalUserId" FROM users WHERE users.id = one."userId"), one."typeAction", one.description, one.data,
      one."apiKey_used"`,
    from: 'useractions one',
    alias: 'one',
  },
  {
    name: 'wallet-transactions',
    columns: [
      ['id', 'uuid'],
      ['created_at', 'timestamp'],
      ['externalUserId', 'text'],
      ['transactionType', 'text'],
      ['points', 'integer'],
      ['coins', 'float'],
      ['appliedConversionRate', 'float'],
      ['data', 'json'],
      ['apiKey_used', 'text'],
    ],
    select: `one.id, ${instant('one.created_at')}, "externalUserId", one."transactionType", one.points, one.coins,
      one."appliedConversionRate", one.data, one."apiKey_used"`,
    from: `wallettransactions one, wallet, users WHERE wallet.id = one."walletId" AND users.id = wallet."userId"`,
    alias: 'one',
  },
]

/** The rows that the export must contain, as text of Postgres, read with a separate client. */
export async function readGame(url: string, { select, from, alias }: GameDataset, where = ''): Promise<Cell[][]> {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (text: string) => text } })
  await client.connect()
  try {
    const condition = where === '' ? '' : `${from.includes('WHERE') ? 'AND' : 'WHERE'} ${where}`
    const { rows } = await client.query<Cell[]>({
      text: `SELECT ${select} FROM ${from} ${condition} ORDER BY ${alias}.created_at ASC NULLS LAST, ${alias}.id ASC`,
      rowMode: 'array',
    })
    return rows
  } finally {
    await client.end()
  }
}
