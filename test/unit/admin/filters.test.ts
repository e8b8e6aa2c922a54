// The filters of a dataset on the page: what is chosen must arrive as the service takes it, also the second time.
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

/** As GET /v1/datasets tells it. */
const told = (name: string, schema: z.ZodType): DatasetFilter => ({
  name,
  description: '',
  schema: z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>,
})

const schema = datasets.find(({ name }) => name === 'orders')?.filters.states?.schema ?? z.never()
const states = told('states', schema)

describe('a list of which each entry is one of a few, as the shop has it', () => {
  it('is offered as these few, and what is ticked is not refused by the service', () => {
    const kind = kindOf(states)
    const choice = { kind: 'choice', values: ['open', 'paid', 'shipped', 'returned'] } as const
    expect(kind).toEqual({ kind: 'list', items: choice })
    const typed = listOf(choice, ['open', 'returned'])
    expect(schema.parse(filterValue(states, typed))).toEqual(['open', 'returned'])
  })

  it('is the same when the export is tried again', () => {
    expect(filterValue(states, typedOf(states, ['paid', 'shipped']))).toEqual(['paid', 'shipped'])
  })

  it('keeps an entry whole that has a comma in it', () => {
    const places = told('places', z.array(z.enum(['Rome, Italy', 'Bonn'])))
    expect(filterValue(places, typedOf(places, ['Rome, Italy', 'Bonn']))).toEqual(['Rome, Italy', 'Bonn'])
  })

  it('has nothing left when the last tick is gone', () => {
    expect(listOf({ kind: 'choice', values: ['open'] }, [])).toBe('')
  })
})

describe('a list of which each entry is free', () => {
  it('is typed with commas, however they are spaced', () => {
    const emails = told('emails', z.array(z.string()))
    expect(filterValue(emails, ' a@example.com,b@example.com , ')).toEqual(['a@example.com', 'b@example.com'])
    expect(typedOf(emails, ['a@example.com', 'b@example.com'])).toBe('a@example.com, b@example.com')
    expect(entriesOf({ kind: 'text' }, '')).toEqual([])
  })

  it('of numbers is one of numbers', () => {
    const levels = told('levels', z.array(z.int()))
    expect(filterValue(levels, typedOf(levels, [1, 20]))).toEqual([1, 20])
  })
})
