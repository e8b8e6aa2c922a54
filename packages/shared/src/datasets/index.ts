// The registry of datasets: one line each.
import type { Dataset } from './dataset.ts'
import { userInteractions } from './user-interactions.ts'
import { userPoints } from './user-points.ts'
import { users } from './users.ts'
import { walletTransactions } from './wallet-transactions.ts'

export const DATASETS: ReadonlyMap<string, Dataset> = new Map(
  [users, userPoints, userInteractions, walletTransactions].map((dataset) => [dataset.name, dataset]),
)
