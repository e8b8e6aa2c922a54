// `npm run keys`: manages API keys directly in the database, for operators who have no API key.
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { changeApiKey, revokeApiKey, rotateApiKey } from '@waybill/shared/access/api-key-changes.ts'
import { type ApiKeyRow, createApiKey, listApiKeys } from '@waybill/shared/access/api-keys.ts'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { databaseFailure } from '@waybill/shared/database/failure.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { OPTIONS, type Option, readOptions, UsageError, type Values } from './keys-options.ts'
import { formatKeys } from './keys-table.ts'

const HELP = `Usage: npm run keys -- <command> [options]

Works directly on the database, so it needs no API key and no running API. With an administrator's API key, "waybill keys"
does the same through the API.

  list                      list all keys, newest first, without their secrets
  create --name <name>      create a key; the secret is printed to stdout, only this once
         [--role <role>]        exporter (default) or admin
         [--datasets a,b]       only these datasets; default: all; not with --role admin
         [--expires <when>]     90d, or 2027-01-31T00:00:00Z; default: never
  change <key>              change at least one of --name, --role, --datasets a,b (or all), --expires <when> (or never);
                            takes effect at once, also for exports that are running
  rotate <key>              create a new secret for the same caller, printed only this once
         [--overlap 1h]         how long the old secret stays valid; default: it stops now
  revoke <key>              revoke at once and permanently

<key> is the id of a key, or its first characters as printed by "list".

The database is DATABASE_URL; without it, the database that npm start keeps in DATA_DIR (.data).
For scripts: KEY=$(npm run --silent keys -- create --name reports)`

interface Call {
  readonly db: Database
  /** First characters or id; empty for commands without a key. */
  readonly key: string
  readonly values: Values
  /** Writes to stdout: what a script reads. */
  readonly out: (line: string) => void
  /** Writes to stderr: remarks for people. */
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

/** The last administrator key may be revoked here, because an operator with the database can create another one. */
const CHANGE = { by: `keys:${hostname()}`, keepAnAdmin: false }

interface KeysOptions extends Pick<Call, 'out' | 'say'> {
  readonly args: readonly string[]
  /** Called only when the command line is valid. */
  readonly databaseUrl: () => Promise<string>
}

/** @returns the exit code: 1 when the command failed, 2 when the command line is not valid */
export async function runKeys({ args, databaseUrl, out, say }: KeysOptions): Promise<0 | 1 | 2> {
  let db: Database | undefined
  try {
    const parsed = parse(args)
    if (parsed === undefined) {
      out(HELP)
      return 0
    }
    const { command, ...call } = parsed
    const url = await databaseUrl()
    db = createDatabase({ url, name: 'waybill-keys', connections: 1, connectTimeout: 5_000, queryTimeout: 15_000 })
    await command.run({ ...call, db, out, say })
    return 0
  } catch (error) {
    say(explain(error))
    return error instanceof UsageError ? 2 : 1
  } finally {
    await db?.$disconnect()
  }
}

/** Undefined when help is requested. @throws UsageError */
function parse(args: readonly string[]): (Pick<Call, 'key' | 'values'> & { command: Command }) | undefined {
  const { values, positionals } = parseStrictly(args)
  const { help, ...texts } = values
  const [name, key = '', ...rest] = positionals
  if (help === true || name === 'help') return undefined
  if (name === undefined) throw new UsageError(`A command is missing.\n\n${HELP}`)
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) throw new UsageError(`There is no command "${name}". See --help.`)
  if (rest.length > 0 || (key !== '') !== command.takesKey) {
    const expected = command.takesKey ? 'one key, as its id or its first characters' : 'no key'
    throw new UsageError(`"${name}" takes ${expected}.`)
  }
  const unknown = Object.keys(texts).find((option) => !command.options.some((known) => known === option))
  if (unknown !== undefined) throw new UsageError(`"${name}" has no option --${unknown}. See --help.`)
  return { command, key, values: readOptions(texts as Record<string, string>) }
}

function parseStrictly(args: readonly string[]) {
  const texts = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string' as const }]))
  try {
    const options = { ...texts, help: { type: 'boolean' as const, short: 'h' } }
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

async function list({ db, out }: Call): Promise<void> {
  for (const line of formatKeys(await listApiKeys(db))) out(line)
}

async function create({ db, values, out, say }: Call): Promise<void> {
  const { name, role = 'exporter', datasets = [], expires } = values
  if (name === undefined) throw new UsageError('"create" needs --name, which says what the key is for.')
  const { row, secret } = await createApiKey(db, { name, role, datasets, expiresAt: expires ?? undefined }, CHANGE.by)
  say(`Created key ${row.id}. The secret is shown only this once:`)
  out(secret)
}

async function change({ db, key, values, say }: Call): Promise<void> {
  const { expires, ...patch } = values
  if (Object.keys(values).length === 0)
    throw new UsageError('"change" needs an option that says what to change. See --help.')
  const { id } = await find(db, key)
  const row = await changeApiKey(db, id, { ...patch, ...(expires === undefined ? {} : { expiresAt: expires }) }, CHANGE)
  for (const line of formatKeys([row])) say(line)
}

async function rotate({ db, key, values, out, say }: Call): Promise<void> {
  const { row, secret } = await rotateApiKey(db, (await find(db, key)).id, values.overlap ?? 0, CHANGE)
  const until =
    row.previousExpiresAt === null ? 'is no longer valid' : `is valid until ${row.previousExpiresAt.toISOString()}`
  say(`Rotated key ${row.id}. The old secret ${until}. The new secret is shown only this once:`)
  out(secret)
}

async function revoke({ db, key, say }: Call): Promise<void> {
  const { id, name } = await find(db, key)
  await revokeApiKey(db, id, CHANGE)
  say(`Revoked key ${id} (${name}).`)
}

/** @throws UsageError unless exactly one key matches */
async function find(db: Database, key: string): Promise<ApiKeyRow> {
  const found = (await listApiKeys(db)).filter(({ id, prefix }) => id === key || prefix === key)
  const [row] = found
  if (row === undefined) throw new UsageError(`There is no key "${key}". "list" shows all keys.`)
  if (found.length > 1) throw new UsageError(`${found.length} keys begin with "${key}". Use the id.`)
  return row
}

/** What an operator can act on: no stack trace, and no password of the database. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return error.message
  if (error instanceof WaybillError) {
    const fields = error.errors.map(({ path, message }) => `--${path} ${message}`)
    return fields.length > 0 ? fields.join('\n') : `${error.message}\n${error.kind.advice}`
  }
  const { kind, message } = databaseFailure(error)
  if (kind === 'other') return error instanceof Error ? error.message : String(error)
  const hint = kind === 'missing' ? ' Run "npm run migrate" first.' : ''
  return `Database error: ${message}.${hint}`
}
