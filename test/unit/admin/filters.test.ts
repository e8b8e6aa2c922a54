// Filters of a dataset on the page: the form sends values that the service accepts, also when an export is repeated.
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type DatasetFilter,
  entriesOf,
  filterValue,
  kindOf,
  listOf,
  typedOf,
} from '../../../apps/admin/src/views/new-export/filters.ts'
import { datasets } from '../../../examples/shop/datasets.ts'

/** A filter in the form of GET /v1/datasets. */
const filterOf = (name: string, schema: z.ZodType): DatasetFilter => ({
  name,
  description: '',
  schema: z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>,
})

const schema = datasets.find(({ name }) => name === 'orders')?.filters.states?.schema ?? z.never()
const states = filterOf('states', schema)

describe('a filter with a list of fixed values', () => {
  it('offers the values, and the service accepts the selected ones', () => {
    const kind = kindOf(states)
    const choice = { kind: 'choice', values: ['open', 'paid', 'shipped', 'returned'] } as const
    expect(kind).toEqual({ kind: 'list', items: choice })
    const typed = listOf(choice, ['open', 'returned'])
    expect(schema.parse(filterValue(states, typed))).toEqual(['open', 'returned'])
  })

  it('keeps its value when the export is repeated', () => {
    expect(filterValue(states, typedOf(states, ['paid', 'shipped']))).toEqual(['paid', 'shipped'])
  })

  it('does not split a value at its comma', () => {
    const places = filterOf('places', z.array(z.enum(['Rome, Italy', 'Bonn'])))
    expect(filterValue(places, typedOf(places, ['Rome, Italy', 'Bonn']))).toEqual(['Rome, Italy', 'Bonn'])
  })

  it('is empty when no value is selected', () => {
    expect(listOf({ kind: 'choice', values: ['open'] }, [])).toBe('')
  })
})

describe('a filter with a list of free texts', () => {
  it('is split at commas, with or without spaces', () => {
    const emails = filterOf('emails', z.array(z.string()))
    expect(filterValue(emails, ' a@example.com,b@example.com , ')).toEqual(['a@example.com', 'b@example.com'])
    expect(typedOf(emails, ['a@example.com', 'b@example.com'])).toBe('a@example.com, b@example.com')
    expect(entriesOf({ kind: 'text' }, '')).toEqual([])
  })

  it('becomes a list of numbers if its type is number', () => {
    const levels = filterOf('levels', z.array(z.int()))
    expect(filterValue(levels, typedOf(levels, [1, 20]))).toEqual([1, 20])
  })
})
