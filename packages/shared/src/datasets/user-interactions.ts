// GAME's user actions, including actions without a user.
import { dateFilters, defineDataset } from './dataset.ts'

export const userInteractions = defineDataset({
  name: 'user-interactions',
  title: 'User interactions',
  columns: {
    id: { kind: 'uuid', sql: 'a.id' },
    created_at: { kind: 'timestamp', sql: 'a.created_at' },
    externalUserId: { kind: 'text', sql: 'u."externalUserId"' },
    typeAction: { kind: 'text', sql: 'a."typeAction"' },
    description: { kind: 'text', sql: 'a.description' },
    data: { kind: 'json', sql: 'a.data' },
    apiKey_used: { kind: 'text', sql: 'a."apiKey_used"' },
  },
  from: 'useractions a LEFT JOIN users u ON u.id = a."userId"',
  filters: dateFilters('a.created_at'),
  orderBy: ['a.created_at', 'a.id'],
})
