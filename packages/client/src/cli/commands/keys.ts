// `waybill keys …`: manages API keys, for administrators.
import type { ApiKeyBody, ApiKeyPatchBody, NewApiKeyBody } from '@waybill/shared/contract/api-keys.ts'
import { defineCommand } from '../arguments/command.ts'
import { UsageError } from '../arguments/usage-error.ts'
import { table } from '../terminal/output.ts'
import { sayTime } from '../terminal/wording.ts'

const ID = '01a206bd-3a7c-70dd-b151-2b1407fb87af'
const ROLES = ['admin', 'exporter'] as const satisfies NewApiKeyBody['role'][]

export const keysCommand = defineCommand({
  name: 'keys',
  summary: 'List the API keys (administrators only)',
  flags: {},
  examples: [{ line: 'waybill keys', description: 'List all keys, revoked ones included' }],
  async run({ context }) {
    const keys = await (await context.client()).keys.list()
    const rows = keys.map((key) => [key.id, key.name, key.role, `${key.prefix}…`, status(key), sayTime(key.lastUsedAt)])
    context.output.result(keys, () => table(['ID', 'NAME', 'ROLE', 'KEY', 'STATUS', 'LAST USED'], rows))
  },
})

export const createKeyCommand = defineCommand({
  name: 'keys create',
  summary: 'Create a key; it is shown only once',
  arguments: [{ name: 'NAME', description: 'a name that identifies its user' }],
  flags: {
    role: { type: 'text', value: 'ROLE', choices: ROLES, description: 'role of the key (default: exporter)' },
    datasets: { type: 'text', value: 'A,B', description: 'datasets that it can export (default: all)' },
    expires: {
      type: 'text',
      value: 'TIME',
      description: 'expiry: 2026-12-31, 2026-12-31T10:00:00Z, 90d, 12h (default: never)',
    },
  },
  examples: [
    {
      line: 'waybill keys create reports --datasets users,user-points --expires 90d',
      description: 'Create an exporter key for 90 days',
    },
    { line: 'waybill keys create nightly --json | jq -r .key > key.txt', description: 'Create a key in a script' },
  ],
  async run({ arguments: [name = ''], flags, context }) {
    const { output } = context
    const created = await (await context.client()).keys.create({
      name,
      role: ROLES.find((role) => role === flags.role) ?? 'exporter',
      ...(flags.datasets === undefined ? {} : { datasets: readDatasets(flags.datasets) }),
      ...(flags.expires === undefined ? {} : { expiresAt: readExpiry(flags.expires) }),
    })
    output.info(`Created ${created.role} key "${created.name}" (${created.id}). It is shown only once:`)
    output.result(created, () => created.key)
  },
})

export const changeKeyCommand = defineCommand({
  name: 'keys change',
  summary: 'Change a key; takes effect immediately, also for running exports',
  arguments: [{ name: 'ID', description: 'id of the key; see waybill keys' }],
  flags: {
    name: { type: 'text', value: 'NAME', description: 'a name that identifies its user' },
    role: { type: 'text', value: 'ROLE', choices: ROLES, description: 'role of the key' },
    datasets: { type: 'text', value: 'A,B', description: 'datasets that it can export, or all' },
    expires: {
      type: 'text',
      value: 'TIME',
      description: 'expiry: 2026-12-31, 2026-12-31T10:00:00Z, 90d, 12h, or never',
    },
  },
  examples: [
    {
      line: `waybill keys change ${ID} --datasets users --expires 30d`,
      description: 'Restrict a key to one dataset and 30 days',
    },
    {
      line: `waybill keys change ${ID} --datasets all --expires never`,
      description: 'Allow all datasets without expiry',
    },
  ],
  async run({ arguments: [id = ''], flags: { name, role, datasets, expires }, context }) {
    const patch: ApiKeyPatchBody = {
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role: ROLES.find((known) => known === role) }),
      ...(datasets === undefined ? {} : { datasets: readDatasets(datasets) }),
      ...(expires === undefined ? {} : { expiresAt: expires === 'never' ? null : readExpiry(expires) }),
    }
    if (Object.keys(patch).length === 0) {
      throw new UsageError('nothing to change: use --name, --role, --datasets or --expires')
    }
    const changed = await (await context.client()).keys.change(id, patch)
    const allowed = changed.datasets.length === 0 ? 'all datasets' : changed.datasets.join(', ')
    context.output.result(
      changed,
      () => `Key "${changed.name}" is now: ${changed.role}, ${allowed}, ${status(changed)}.`,
    )
  },
})

export const rotateKeyCommand = defineCommand({
  name: 'keys rotate',
  summary: 'Replace a key with a new one; it is shown only once',
  arguments: [{ name: 'ID', description: 'id of the key; see waybill keys' }],
  flags: {
    overlap: {
      type: 'text',
      value: 'TIME',
      description: 'how long the old key stays valid: 1h, 7d (default: it stops immediately)',
    },
  },
  examples: [
    {
      line: `waybill keys rotate ${ID} --overlap 1h`,
      description: 'Keep the old key valid for one hour',
    },
  ],
  async run({ arguments: [id = ''], flags, context }) {
    const rotated = await (await context.client()).keys.rotate(id, { overlap: flags.overlap })
    context.output.info(`The new key of "${rotated.name}" is shown only once:`)
    context.output.result(rotated, () => rotated.key)
  },
})

export const revokeKeyCommand = defineCommand({
  name: 'keys revoke',
  summary: 'Revoke a key',
  arguments: [{ name: 'ID', description: 'id of the key; see waybill keys' }],
  flags: {},
  examples: [{ line: `waybill keys revoke ${ID}`, description: 'Refuse all further calls with this key' }],
  async run({ arguments: [id = ''], context }) {
    await (await context.client()).keys.revoke(id)
    context.output.result({ id, revoked: true }, () => `Key ${id} is revoked.`)
  },
})

function status({ revokedAt, expiresAt }: ApiKeyBody): string {
  if (revokedAt !== null) return `revoked ${sayTime(revokedAt)}`
  if (expiresAt === null) return 'valid'
  return Date.parse(expiresAt) < Date.now() ? `expired ${sayTime(expiresAt)}` : `until ${sayTime(expiresAt)}`
}

/** The API has an empty list for all datasets. */
function readDatasets(text: string): string[] {
  return text === 'all' ? [] : text.split(',').map((one) => one.trim())
}

const UNITS = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** Parses an expiry. A day means its end, in UTC. @throws UsageError */
function readExpiry(text: string): string {
  const [, count, unit] = /^(\d{1,4})([hdw])$/.exec(text) ?? []
  if (count !== undefined) return new Date(Date.now() + Number(count) * UNITS[unit as keyof typeof UNITS]).toISOString()
  const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59Z` : text)
  if (Number.isNaN(time))
    throw new UsageError(`--expires: not a time: "${text}"`, 'Accepted: 2026-12-31, 2026-12-31T10:00:00Z, 90d, 12h')
  return new Date(time).toISOString()
}
