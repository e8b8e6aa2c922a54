// GAME's points with their user, task and game.
import { dateFilters, defineDataset, textFilter } from './dataset.ts'

export const userPoints = defineDataset({
  name: 'user-points',
  title: 'User points',
  columns: {
    id: { kind: 'uuid', sql: 'p.id' },
    created_at: { kind: 'timestamp', sql: 'p.created_at' },
    externalUserId: { kind: 'text', sql: 'u."externalUserId"' },
    externalTaskId: { kind: 'text', sql: 't."externalTaskId"' },
    externalGameId: { kind: 'text', sql: 'g."externalGameId"' },
    points: { kind: 'integer', sql: 'p.points' },
    caseName: { kind: 'text', sql: 'p."caseName"' },
    description: { kind: 'text', sql: 'p.description' },
    idempotencyKey: { kind: 'text', sql: 'p."idempotencyKey"' },
    data: { kind: 'json', sql: 'p.data' },
    apiKey_used: { kind: 'text', sql: 'p."apiKey_used"' },
  },
  from: `userpoints p
    JOIN users u ON u.id = p."userId"
    JOIN tasks t ON t.id = p."taskId"
    JOIN games g ON g.id = t."gameId"`,
  filters: {
    ...dateFilters('p.created_at'),
    externalGameId: textFilter('g."externalGameId"', 'Only points of this game.'),
    externalTaskId: textFilter(
      't."externalTaskId"',
      'Only points of tasks with this id, which is unique within a game.',
    ),
  },
  orderBy: ['p.created_at', 'p.id'],
})
