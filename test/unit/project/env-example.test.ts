// .env.example is generated from the settings, and its values are valid.
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { SAMPLE_SECRETS } from '../../../packages/shared/src/settings/fields.ts'
import { readConfig } from '../../../packages/shared/src/settings/read.ts'
import { type Config, settingsSchema } from '../../../packages/shared/src/settings/schema.ts'
import { renderEnvExample } from '../../../scripts/write-env-example.ts'

interface Entry {
  readonly name: string
  readonly value: string
  /** The text of the lines above the setting. */
  readonly comment: string
  /** False: the setting is commented out. */
  readonly active: boolean
}

const SETTINGS = Object.keys(settingsSchema.shape) as (keyof Config)[]
const file = await readFile(new URL('../../../.env.example', import.meta.url), 'utf8')
const entries = parse(file)
const required = Object.fromEntries(entries.filter(({ active }) => active).map(({ name, value }) => [name, value]))
const defaults = readConfig(required)

describe('.env.example', () => {
  it('is what scripts/write-env-example.ts writes', () => {
    expect(file, 'run: node scripts/write-env-example.ts').toBe(renderEnvExample())
  })

  it('lists every setting once, and nothing else', () => {
    expect(entries.map(({ name }) => name).toSorted()).toEqual(SETTINGS.toSorted())
  })

  it('sets exactly the settings without a default, so that a copy of it works', () => {
    const missing = SETTINGS.filter((name) => !settingsSchema.shape[name].safeParse(undefined).success)
    expect(Object.keys(required).toSorted()).toEqual(missing.toSorted())
    for (const { comment } of entries.filter(({ active }) => active)) expect(comment).toMatch(/^Required\. /)
  })

  it.each(entries)('describes $name in full sentences', ({ comment }) => {
    expect(comment).toMatch(/^\S.*\S\.$/)
  })

  it.each(entries.filter(({ active }) => !active))(
    'shows the default of $name, a valid example, or a sample secret that is refused',
    (entry) => {
      const name = entry.name as keyof Config
      const show = () => readConfig({ ...required, ...companions(name), [name]: entry.value })
      if (name in SAMPLE_SECRETS) return expect(show).toThrow('sample value')
      const shown = show()[name]
      if (defaults[name] === undefined) expect(entry.comment).toContain('Unset')
      else expect(shown).toEqual(defaults[name])
    },
  )
})

/** Settings that must be set together with the given one. */
function companions(name: string): Record<string, string> {
  if (name.startsWith('OIDC_')) return { OIDC_ISSUER: 'https://sso.example.com', OIDC_AUDIENCE: 'waybill' }
  if (name === 'S3_ROLE_EXTERNAL_ID' || name === 'S3_STS_ENDPOINT')
    return { S3_ROLE_ARN: 'arn:aws:iam::1:role/waybill' }
  if (name === 'S3_SSE_KMS_KEY_ID') return { S3_SSE: 'aws:kms' }
  return /^S3_.*(ACCESS_KEY|SESSION_TOKEN)/.test(name) ? { S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' } : {}
}

function parse(text: string): Entry[] {
  const found: Entry[] = []
  let comment: string[] = []
  for (const line of text.split('\n')) {
    const [, hash, name, value] = /^(#?)([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? []
    if (name !== undefined) found.push({ name, value: value ?? '', comment: comment.join(' '), active: hash === '' })
    comment = line.startsWith('# ') ? [...comment, line.slice(2)] : []
  }
  return found
}
