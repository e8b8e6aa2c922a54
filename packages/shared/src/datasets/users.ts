// GAME's users.
import { dateFilters, defineDataset } from './dataset.ts'

export const users = defineDataset({
  name: 'users',
  title: 'Users',
  columns: {
    id: { kind: 'uuid', sql: 'u.id' },
    externalUserId: { kind: 'text', sql: 'u."externalUserId"' },
    created_at: { kind: 'timestamp', sql: 'u.created_at' },
    updated_at: { kind: 'timestamp', sql: 'u.updated_at' },
    apiKey_used: { kind: 'text', sql: 'u."apiKey_used"' },
    oauth_user_id: { kind: 'text', sql: 'u.oauth_user_id' },
  },
  from: 'users u',
  filters: dateFilters('u.created_at'),
  orderBy: ['u.created_at', 'u.id'],
})
