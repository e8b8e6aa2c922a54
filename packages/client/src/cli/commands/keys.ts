// `waybill keys …`: API keys, for administrators.
import type { ApiKeyBody, ApiKeyPatchBody, NewApiKeyBody } from '@waybill/shared/contract/api-keys.ts'
import { defineCommand } from '../arguments/command.ts'
import { UsageError } from '../arguments/usage-error.ts'
import { table } from '../terminal/output.ts'
import { sayTime } from '../terminal/wording.ts'

const ID = '01a206bd-3a7c-70dd-b151-2b1407fb87af'
const ROLES = ['admin', 'exporter'] as const satisfies NewApiKeyBody['role'][]

export const keysCommand = defineCommand({
  name: 'keys',
  summary: 'the API keys (administrators only)',
  flags: {},
  examples: [{ line: 'waybill keys', says: 'newest first, the revoked ones too' }],
  async run({ context }) {
    const keys = await (await context.client()).keys.list()
    const rows = keys.map((key) => [key.id, key.name, key.role, `${key.prefix}…`, state(key), sayTime(key.lastUsedAt)])
    context.output.result(keys, () => table(['ID', 'NAME', 'ROLE', 'KEY', 'STATE', 'LAST USED'], rows))
  },
})

export const createKeyCommand = defineCommand({
  name: 'keys create',
  summary: 'makes a key, and shows it this once',
  arguments: [{ name: 'NAME', description: 'for people: who or what has it' }],
  flags: {
    role: { type: 'text', value: 'ROLE', choices: ROLES, description: 'what it may (default: exporter)' },
    datasets: { type: 'text', value: 'A,B', description: 'those that it may export (default: all)' },
    expires: { type: 'text', value: 'TIME', description: '2026-12-31, 2026-12-31T10:00:00Z, or a while: 90d, 12h' },
  },
  examples: [
    {
      line: 'waybill keys create reports --datasets users,user-points --expires 90d',
      says: 'an exporter for a quarter',
    },
    { line: 'waybill keys create nightly --json | jq -r .key > key.txt', says: 'for a script' },
  ],
  async run({ arguments: [name = ''], flags, context }) {
    const { output } = context
    const made = await (await context.client()).keys.create({
      name,
      role: ROLES.find((role) => role === flags.role) ?? 'exporter',
      ...(flags.datasets === undefined ? {} : { datasets: readDatasets(flags.datasets) }),
      ...(flags.expires === undefined ? {} : { expiresAt: readExpiry(flags.expires) }),
    })
    output.remark(`Made ${made.role} key "${made.name}" (${made.id}). It is shown this once:`)
    output.result(made, () => made.key)
  },
})

export const changeKeyCommand = defineCommand({
  name: 'keys change',
  summary: 'changes what a key may, at once, also for its exports that are under way',
  arguments: [{ name: 'ID', description: 'of the key; see waybill keys' }],
  flags: {
    name: { type: 'text', value: 'NAME', description: 'for people: who or what has it' },
    role: { type: 'text', value: 'ROLE', choices: ROLES, description: 'what it may' },
    datasets: { type: 'text', value: 'A,B', description: 'those that it may export, or all' },
    expires: { type: 'text', value: 'TIME', description: '2026-12-31, 2026-12-31T10:00:00Z, 90d, 12h, or never' },
  },
  examples: [
    { line: `waybill keys change ${ID} --datasets users --expires 30d`, says: 'narrower, and for a month' },
    { line: `waybill keys change ${ID} --datasets all --expires never`, says: 'all datasets, without an end' },
  ],
  async run({ arguments: [id = ''], flags: { name, role, datasets, expires }, context }) {
    const patch: ApiKeyPatchBody = {
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role: ROLES.find((known) => known === role) }),
      ...(datasets === undefined ? {} : { datasets: readDatasets(datasets) }),
      ...(expires === undefined ? {} : { expiresAt: expires === 'never' ? null : readExpiry(expires) }),
    }
    if (Object.keys(patch).length === 0) {
      throw new UsageError('waybill keys change needs what to change: --name, --role, --datasets or --expires')
    }
    const changed = await (await context.client()).keys.change(id, patch)
    const may = changed.datasets.length === 0 ? 'all datasets' : changed.datasets.join(', ')
    context.output.result(changed, () => `Key "${changed.name}" is now: ${changed.role}, ${may}, ${state(changed)}.`)
  },
})

export const rotateKeyCommand = defineCommand({
  name: 'keys rotate',
  summary: 'gives the same caller a new key, and shows it this once',
  arguments: [{ name: 'ID', description: 'of the key; see waybill keys' }],
  flags: {
    overlap: {
      type: 'text',
      value: 'TIME',
      description: 'so long the old one works on: 1h, 7d (default: it stops at once)',
    },
  },
  examples: [
    {
      line: `waybill keys rotate ${ID} --overlap 1h`,
      says: 'an hour to put it in place',
    },
  ],
  async run({ arguments: [id = ''], flags, context }) {
    const rotated = await (await context.client()).keys.rotate(id, { overlap: flags.overlap })
    context.output.remark(`The new key of "${rotated.name}" is shown this once:`)
    context.output.result(rotated, () => rotated.key)
  },
})

export const revokeKeyCommand = defineCommand({
  name: 'keys revoke',
  summary: 'ends a key at once',
  arguments: [{ name: 'ID', description: 'of the key; see waybill keys' }],
  flags: {},
  examples: [{ line: `waybill keys revoke ${ID}`, says: 'its next call is refused' }],
  async run({ arguments: [id = ''], context }) {
    await (await context.client()).keys.revoke(id)
    context.output.result({ id, revoked: true }, () => `Key ${id} is revoked.`)
  },
})

function state({ revokedAt, expiresAt }: ApiKeyBody): string {
  if (revokedAt !== null) return `revoked ${sayTime(revokedAt)}`
  if (expiresAt === null) return 'valid'
  return Date.parse(expiresAt) < Date.now() ? `expired ${sayTime(expiresAt)}` : `until ${sayTime(expiresAt)}`
}

/** `all` is no list. */
function readDatasets(text: string): string[] {
  return text === 'all' ? [] : text.split(',').map((one) => one.trim())
}

const UNITS = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** A time to come; a day means its end, in UTC. @throws UsageError */
function readExpiry(text: string): string {
  const [, count, unit] = /^(\d{1,4})([hdw])$/.exec(text) ?? []
  if (count !== undefined) return new Date(Date.now() + Number(count) * UNITS[unit as keyof typeof UNITS]).toISOString()
  const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59Z` : text)
  if (Number.isNaN(time))
    throw new UsageError(`--expires "${text}" is no time.`, 'Forms: 2026-12-31, 2026-12-31T10:00:00Z, 90d, 12h')
  return new Date(time).toISOString()
}
