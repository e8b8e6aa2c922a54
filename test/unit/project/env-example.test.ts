// Holds .env.example and the settings together: an operator reads the one, the processes read the other.
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../../packages/shared/src/settings/read.ts'
import { type Config, settingsSchema } from '../../../packages/shared/src/settings/schema.ts'

interface Entry {
  readonly name: string
  readonly value: string
  /** The lines above it. */
  readonly comment: string
  /** False: the line has "#" in front. */
  readonly active: boolean
}

const SETTINGS = Object.keys(settingsSchema.shape) as (keyof Config)[]
const entries = parse(await readFile(new URL('../../../.env.example', import.meta.url), 'utf8'))
const required = Object.fromEntries(entries.filter(({ active }) => active).map(({ name, value }) => [name, value]))
const defaults = readConfig(required)

describe('.env.example', () => {
  it('names every setting, each once, and nothing else', () => {
    expect(entries.map(({ name }) => name).toSorted()).toEqual(SETTINGS.toSorted())
  })

  it('sets what has no default, and nothing else: a copy of it works as it is', () => {
    const missing = SETTINGS.filter((name) => !settingsSchema.shape[name].safeParse(undefined).success)
    expect(Object.keys(required).toSorted()).toEqual(missing.toSorted())
    for (const { comment } of entries.filter(({ active }) => active)) expect(comment).toMatch(/^Required\. /)
  })

  it.each(entries)('says what $name does, in one line', ({ comment }) => {
    expect(comment).toMatch(/^\S.*\S\.$/)
    expect(comment.length).toBeLessThanOrEqual(118)
  })

  it.each(entries.filter(({ active }) => !active))('shows the default of $name, or says that it has none', (entry) => {
    const name = entry.name as keyof Config
    const shown = readConfig({ ...required, ...companions(name), [name]: entry.value })[name]
    if (defaults[name] === undefined) expect(entry.comment).toContain('Unset')
    else expect(shown).toEqual(defaults[name])
  })
})

/** What a setting is refused without. */
function companions(name: string): Record<string, string> {
  if (name.startsWith('OIDC_')) return { OIDC_ISSUER: 'https://sso.example.com', OIDC_AUDIENCE: 'waybill' }
  return /^S3_.*ACCESS_KEY/.test(name) ? { S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' } : {}
}

function parse(file: string): Entry[] {
  const found: Entry[] = []
  let comment: string[] = []
  for (const line of file.split('\n')) {
    const [, hash, name, value] = /^(#?)([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? []
    if (name !== undefined) found.push({ name, value: value ?? '', comment: comment.join('\n'), active: hash === '' })
    comment = line.startsWith('# ') ? [...comment, line.slice(2)] : []
  }
  return found
}
