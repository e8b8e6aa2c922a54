// What `npm run keys` does: reads a command line, works straight in the database, says what became of it.
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { changeApiKey, revokeApiKey, rotateApiKey } from '@waybill/shared/access/api-key-changes.ts'
import { type ApiKeyRow, createApiKey, listApiKeys } from '@waybill/shared/access/api-keys.ts'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { databaseFailure } from '@waybill/shared/database/failure.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { KEYS_HELP } from './keys-help.ts'
import { readDatasets, readExpiry, readName, readOverlap, readRole, UsageError } from './keys-options.ts'
import { formatKeys } from './keys-table.ts'

const TEXT = { type: 'string' } as const
const OPTIONS = { name: TEXT, role: TEXT, datasets: TEXT, expires: TEXT, overlap: TEXT } as const
type Option = keyof typeof OPTIONS

interface Call {
  readonly db: Database
  /** First characters or id; empty where the command takes none. */
  readonly key: string
  readonly values: Readonly<Partial<Record<Option, string>>>
  /** To stdout: what a script wants. */
  readonly out: (line: string) => void
  /** To stderr: what a person wants to know besides. */
  readonly say: (line: string) => void
}

interface Command {
  readonly takesKey: boolean
  readonly options: readonly Option[]
  readonly run: (call: Call) => Promise<void>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  list: { takesKey: false, options: [], run: list },
  create: { takesKey: false, options: ['name', 'role', 'datasets', 'expires'], run: create },
  change: { takesKey: true, options: ['name', 'role', 'datasets', 'expires'], run: change },
  rotate: { takesKey: true, options: ['overlap'], run: rotate },
  revoke: { takesKey: true, options: [], run: revoke },
}

/** Whoever has the database's password may take the last admin's key away, too: another is made as easily. */
const CHANGE = { by: `keys:${hostname()}`, keepAnAdmin: false }

export interface KeysOptions extends Pick<Call, 'out' | 'say'> {
  readonly args: readonly string[]
  /** Asked for only once the command line is understood. */
  readonly databaseUrl: () => Promise<string>
}

/** @returns the exit code: 1 when it could not be done, 2 when it was not understood */
export async function runKeys({ args, databaseUrl, out, say }: KeysOptions): Promise<0 | 1 | 2> {
  let db: Database | undefined
  try {
    const parsed = parse(args)
    if (parsed === undefined) {
      out(KEYS_HELP)
      return 0
    }
    const { command, key, values } = parsed
    const url = await databaseUrl()
    db = createDatabase({ url, name: 'waybill-keys', connections: 1, connectTimeout: 5_000, queryTimeout: 15_000 })
    await command.run({ db, key, values, out, say })
    return 0
  } catch (error) {
    say(explain(error))
    return error instanceof UsageError ? 2 : 1
  } finally {
    await db?.$disconnect()
  }
}

/** Undefined: somebody wants help. @throws UsageError */
function parse(args: readonly string[]): { command: Command; key: string; values: Call['values'] } | undefined {
  const { values, positionals } = parseStrictly(args)
  const [name, key = '', ...rest] = positionals
  if (values.help === true || name === 'help') return undefined
  if (name === undefined) throw new UsageError(`Which command?\n\n${KEYS_HELP}`)
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) throw new UsageError(`There is no command "${name}": see --help`)
  if (rest.length > 0 || (key !== '') !== command.takesKey) {
    throw new UsageError(
      `"${name}" takes ${command.takesKey ? 'one key, by its id or its first characters' : 'no key'}`,
    )
  }
  const { help: _, ...given } = values
  const strange = Object.keys(given).find((option) => !command.options.some((known) => known === option))
  if (strange !== undefined) throw new UsageError(`"${name}" has no option --${strange}: see --help`)
  return { command, key, values: given }
}

function parseStrictly(args: readonly string[]) {
  try {
    const options = { ...OPTIONS, help: { type: 'boolean', short: 'h' } } as const
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

async function list({ db, out }: Call): Promise<void> {
  for (const line of formatKeys(await listApiKeys(db))) out(line)
}

async function create({ db, values, out, say }: Call): Promise<void> {
  if (values.name === undefined) throw new UsageError('"create" needs --name: what is the key for?')
  const key = {
    name: readName(values.name),
    role: readRole(values.role ?? 'exporter'),
    datasets: readDatasets(values.datasets ?? 'all'),
    expiresAt: readExpiry(values.expires ?? 'never') ?? undefined,
  }
  const { row, secret } = await createApiKey(db, key, CHANGE.by)
  say(`Made ${row.id}. This is the only time the key is shown:`)
  out(secret)
}

async function change({ db, key, values, say }: Call): Promise<void> {
  const { name, role, datasets, expires } = values
  const patch = {
    name: name === undefined ? undefined : readName(name),
    role: role === undefined ? undefined : readRole(role),
    datasets: datasets === undefined ? undefined : readDatasets(datasets),
    expiresAt: expires === undefined ? undefined : readExpiry(expires),
  }
  if (Object.values(patch).every((value) => value === undefined)) throw new UsageError('What is to change? See --help')
  const row = await changeApiKey(db, (await find(db, key)).id, patch, CHANGE)
  for (const line of formatKeys([row])) say(line)
}

async function rotate({ db, key, values, out, say }: Call): Promise<void> {
  const overlap = readOverlap(values.overlap ?? '0s')
  const { row, secret } = await rotateApiKey(db, (await find(db, key)).id, overlap, CHANGE)
  const until = row.previousExpiresAt === null ? 'has stopped' : `works until ${row.previousExpiresAt.toISOString()}`
  say(`Rotated ${row.id}; the old key ${until}. This is the only time the new one is shown:`)
  out(secret)
}

async function revoke({ db, key, say }: Call): Promise<void> {
  const { id, name } = await find(db, key)
  await revokeApiKey(db, id, CHANGE)
  say(`Revoked ${id} (${name}).`)
}

/** @throws UsageError unless there is exactly one */
async function find(db: Database, key: string): Promise<ApiKeyRow> {
  const found = (await listApiKeys(db)).filter(({ id, prefix }) => id === key || prefix === key)
  const [row] = found
  if (row === undefined) throw new UsageError(`There is no key "${key}": see "list"`)
  if (found.length > 1) throw new UsageError(`"${key}" stands for ${found.length} keys: name one by its id`)
  return row
}

/** Without a stack: what a person can do about it. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return error.message
  if (error instanceof WaybillError) return `${error.message}\n${error.kind.advice}`
  const { kind, message } = databaseFailure(error)
  if (kind === 'other') return error instanceof Error ? error.message : String(error)
  const hint = kind === 'missing' ? ' Has "npm run migrate" been run?' : ''
  return `The database says: ${message}.${hint}`
}
