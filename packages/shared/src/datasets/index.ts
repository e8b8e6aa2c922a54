// The datasets that come with Waybill: one line each.
import type { Dataset } from './dataset.ts'
import { userInteractions } from './user-interactions.ts'
import { userPoints } from './user-points.ts'
import { users } from './users.ts'
import { walletTransactions } from './wallet-transactions.ts'

/** Those of GAME, whose tables an installation may not have. */
export const GAME_DATASETS: readonly Dataset[] = [users, userPoints, userInteractions, walletTransactions]
