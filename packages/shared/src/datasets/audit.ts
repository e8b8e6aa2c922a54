// Waybill's audit trail as a dataset, for administrators only.
import { dateFilters, defineDataset, defineFilter, textFilter, textFilterSchema } from './dataset.ts'

export const audit = defineDataset({
  name: 'audit',
  title: 'Audit trail',
  database: 'ledger',
  access: 'admin',
  columns: {
    id: { kind: 'bigint', sql: 'e.id' },
    at: { kind: 'timestamp', sql: 'e.at' },
    type: { kind: 'text', sql: 'e.type' },
    actor: { kind: 'text', sql: 'e.actor' },
    actorId: { kind: 'text', sql: 'e.actor_id' },
    address: { kind: 'text', sql: 'e.address' },
    userAgent: { kind: 'text', sql: 'e.user_agent' },
    exportId: { kind: 'uuid', sql: 'e.export_id' },
    attempt: { kind: 'integer', sql: 'e.attempt' },
    data: { kind: 'json', sql: 'e.data' },
    previousHash: { kind: 'text', sql: `encode(e.previous_hash, 'hex')` },
    hash: { kind: 'text', sql: `encode(e.hash, 'hex')` },
  },
  from: 'waybill.audit_events e',
  filters: {
    ...dateFilters('e.at'),
    actor: defineFilter({
      description: 'Events of this caller or worker, by name or id.',
      schema: textFilterSchema,
      sql: (value, bind) => `${bind(value)}::text IN (e.actor, e.actor_id)`,
    }),
    type: textFilter('e.type', 'Events of this type, for example export.downloaded.'),
  },
  orderBy: ['e.id'],
})
