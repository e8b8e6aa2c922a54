// GAME's wallet transactions with the owner of the wallet.
import { dateFilters, defineDataset } from './dataset.ts'

export const walletTransactions = defineDataset({
  name: 'wallet-transactions',
  title: 'Wallet transactions',
  columns: {
    id: { kind: 'uuid', sql: 'x.id' },
    created_at: { kind: 'timestamp', sql: 'x.created_at' },
    externalUserId: { kind: 'text', sql: 'u."externalUserId"' },
    transactionType: { kind: 'text', sql: 'x."transactionType"' },
    points: { kind: 'integer', sql: 'x.points' },
    coins: { kind: 'float', sql: 'x.coins' },
    appliedConversionRate: { kind: 'float', sql: 'x."appliedConversionRate"' },
    data: { kind: 'json', sql: 'x.data' },
    apiKey_used: { kind: 'text', sql: 'x."apiKey_used"' },
  },
  from: `wallettransactions x
    JOIN wallet w ON w.id = x."walletId"
    JOIN users u ON u.id = w."userId"`,
  filters: dateFilters('x.created_at'),
  orderBy: ['x.created_at', 'x.id'],
})
