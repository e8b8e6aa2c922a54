// Example datasets of a shop. Use them with DATASETS=./examples/shop/datasets.ts
import { dateFilters, defineDataset, defineFilter, textFilter } from 'waybill/datasets'
import { z } from 'zod'

const orders = defineDataset({
  name: 'orders',
  title: 'Orders',
  columns: {
    id: { kind: 'bigint', sql: 'o.id' },
    placed_at: { kind: 'timestamp', sql: 'o.placed_at' },
    customerEmail: { kind: 'text', sql: 'c.email' },
    state: { kind: 'text', sql: 'o.state' },
    total: { kind: 'numeric', sql: 'o.total' },
    net: { kind: 'numeric', sql: 'round(o.total / 1.22, 2)' },
    items: { kind: 'json', sql: 'o.items' },
  },
  from: 'orders o JOIN customers c ON c.id = o.customer',
  filters: {
    ...dateFilters('o.placed_at'),
    customerEmail: textFilter('c.email', 'Only orders of this customer.'),
    states: defineFilter({
      description: 'Only orders in one of these states.',
      schema: z.array(z.enum(['open', 'paid', 'shipped', 'returned'])).min(1),
      sql: (states, bind) => `o.state::text IN (${states.map((state) => `${bind(state)}::text`).join(', ')})`,
    }),
    minTotal: defineFilter({
      description: 'Orders of at least this amount.',
      schema: z.number().min(0),
      sql: (amount, bind) => `o.total >= ${bind(String(amount))}::text::numeric`,
    }),
  },
  orderBy: ['o.placed_at', 'o.id'],
})

const customers = defineDataset({
  name: 'customers',
  title: 'Customers',
  columns: {
    id: { kind: 'uuid', sql: 'c.id' },
    email: { kind: 'text', sql: 'c.email' },
    newsletter: { kind: 'boolean', sql: 'c.newsletter' },
    born_on: { kind: 'date', sql: 'c.born_on' },
    joined_at: { kind: 'timestamp', sql: 'c.joined_at' },
  },
  from: 'customers c',
  filters: dateFilters('c.joined_at'),
  orderBy: ['c.joined_at', 'c.id'],
})

export const datasets = [orders, customers]
