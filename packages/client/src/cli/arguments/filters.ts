// The filters of a dataset as flags: by their full name, or by a word that only one filter contains.
import type { DatasetBody } from '@waybill/shared/contract/datasets.ts'
import { readDate } from './dates.ts'
import { didYouMean } from './suggest.ts'
import { UsageError } from './usage-error.ts'

/** `externalGameId` is `--external-game-id`, and also `--game` when no other filter contains that word. */
function filterFlags({ filters }: DatasetBody): Map<string, string> {
  const flags = new Map<string, string>()
  const words = new Map<string, string[]>()
  for (const { name } of filters) {
    for (const word of wordsOf(name)) words.set(word, [...(words.get(word) ?? []), name])
  }
  for (const [word, [name = '', ...others]] of words) if (others.length === 0) flags.set(word, name)
  // Last, so that a full name wins over a word of another filter.
  for (const { name } of filters) flags.set(wordsOf(name).join('-'), name)
  return flags
}

/** Words that do not identify a filter if it has another word. */
const GENERIC = new Set(['external', 'id', 'date'])

/** The flag that the help shows for a filter. */
export function shortestFlag(dataset: DatasetBody, filter: string): string {
  const own = [...filterFlags(dataset)].flatMap(([flag, name]) => (name === filter ? [flag] : []))
  const specific = own.filter((flag) => !GENERIC.has(flag))
  return `--${specific.reduce((a, b) => (b.length < a.length ? b : a), specific[0] ?? filter)}`
}

export interface GivenFilters {
  /** `--filter name=value`. */
  readonly pairs: readonly string[]
  /** `--game game-1`. */
  readonly flags: ReadonlyMap<string, string>
}

/** @param otherFlags flags of the command, for suggestions @throws UsageError */
export function readFilters(
  dataset: DatasetBody,
  { pairs, flags }: GivenFilters,
  otherFlags: readonly string[],
): Record<string, unknown> {
  const filters: Record<string, unknown> = {}
  const set = (name: string, value: string, typed: string) => {
    const { schema = {} } = dataset.filters.find((filter) => filter.name === name) ?? {}
    const given = filters[name]
    // Only lists may be given several times.
    if (given !== undefined && !Array.isArray(given)) throw new UsageError(`The filter ${name} was given twice`)
    const read = isList(schema) ? readList(schema, value, typed) : readValue(schema, value, typed)
    filters[name] = Array.isArray(given) ? given.concat(read) : read
  }
  const known = filterFlags(dataset)
  for (const [flag, value] of flags) {
    const name = known.get(flag) ?? dataset.filters.find((filter) => filter.name === flag)?.name
    if (name === undefined) {
      const meant = didYouMean(flag, [...known.keys(), ...otherFlags], '--')
      throw new UsageError(`--${flag} is neither a flag nor a filter of ${dataset.name}.${meant}`, listFilters(dataset))
    }
    set(name, value, `--${flag}`)
  }
  for (const pair of pairs) {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(pair) ?? []
    if (name === '') throw new UsageError(`--filter must be name=value, not "${pair}"`, listFilters(dataset))
    if (!dataset.filters.some((filter) => filter.name === name)) {
      const meant = didYouMean(
        name,
        dataset.filters.map((filter) => filter.name),
      )
      throw new UsageError(`${dataset.name} has no filter "${name}".${meant}`, listFilters(dataset))
    }
    set(name, value, `--filter ${name}=`)
  }
  return filters
}

type Schema = Readonly<Record<string, unknown>>

/** The allowed values, for the description of a filter; empty when they are not limited. */
export function sayValues(schema: Schema): string {
  const values = choicesOf(isList(schema) ? itemOf(schema) : schema)
  if (!isList(schema)) return values === undefined ? '' : `One of ${values.join(', ')}.`
  return values === undefined
    ? 'Separate several values with commas.'
    : `Any of ${values.join(', ')}, separated by commas.`
}

function isList({ type }: Schema): boolean {
  return type === 'array'
}

function itemOf({ items }: Schema): Schema {
  return typeof items === 'object' && items !== null ? (items as Schema) : {}
}

function choicesOf({ enum: values }: Schema): unknown[] | undefined {
  return Array.isArray(values) ? values : undefined
}

/** `open,paid`. @throws UsageError */
function readList(schema: Schema, text: string, typed: string): unknown[] {
  const words = text.split(',').map((word) => word.trim())
  if (words.includes('')) throw new UsageError(`${typed} must be a list separated by commas, not "${text}"`)
  return words.map((word) => readValue(itemOf(schema), word, typed))
}

/** Parses a value by the JSON Schema of the filter. The server checks the rest. @throws UsageError */
function readValue(schema: Schema, text: string, typed: string): unknown {
  const choices = choicesOf(schema)?.map(String)
  if (choices !== undefined && !choices.includes(text)) {
    throw new UsageError(`${typed} must be one of ${choices.join(', ')}, not "${text}".${didYouMean(text, choices)}`)
  }
  const alternatives = [schema, ...(Array.isArray(schema.anyOf) ? schema.anyOf : [])]
  if (alternatives.some(({ format }) => format === 'date' || format === 'date-time')) return readDate(text, typed)
  if (schema.type === 'integer' || schema.type === 'number') {
    if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text)
    throw new UsageError(`${typed} must be a number, not "${text}"`)
  }
  if (schema.type === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true'
    throw new UsageError(`${typed} must be true or false, not "${text}"`)
  }
  return text
}

function listFilters({ name, filters }: DatasetBody): string {
  return `Filters of ${name}: ${filters.map((filter) => filter.name).join(', ')}`
}

function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_ ]+/)
}
