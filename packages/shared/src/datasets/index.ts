// The built-in datasets.
import { audit } from './audit.ts'
import type { Dataset } from './dataset.ts'
import { userInteractions } from './user-interactions.ts'
import { userPoints } from './user-points.ts'
import { users } from './users.ts'
import { walletTransactions } from './wallet-transactions.ts'

/** Datasets of GAME, whose tables an installation may not have. */
export const GAME_DATASETS: readonly Dataset[] = [users, userPoints, userInteractions, walletTransactions]

/** Datasets of Waybill's own tables, which every installation has. */
export const LEDGER_DATASETS: readonly Dataset[] = [audit]
