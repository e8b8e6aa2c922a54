// The datasets that come with Waybill: one line each.
import { audit } from './audit.ts'
import type { Dataset } from './dataset.ts'
import { userInteractions } from './user-interactions.ts'
import { userPoints } from './user-points.ts'
import { users } from './users.ts'
import { walletTransactions } from './wallet-transactions.ts'

/** Those of GAME, whose tables an installation may not have. */
export const GAME_DATASETS: readonly Dataset[] = [users, userPoints, userInteractions, walletTransactions]

/** Of Waybill's own tables: every installation has them. */
export const LEDGER_DATASETS: readonly Dataset[] = [audit]
