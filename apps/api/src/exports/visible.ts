// Which exports a caller may see: administrators all, exporters their own. Others are NOT_FOUND for them.
import type { Database } from '@waybill/shared/database/client.ts'
import type { ExportRow } from '@waybill/shared/ledger/export-row.ts'
import { findExport } from '@waybill/shared/ledger/queries.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { Caller } from '../auth/authenticate.ts'

/** @throws WaybillError NOT_FOUND */
export async function findVisible(db: Database, id: string, caller: Caller): Promise<ExportRow> {
  const row = await findExport(db, id, caller.role === 'admin' ? undefined : caller.id)
  if (row === undefined) throw new WaybillError('NOT_FOUND')
  return row
}

/** The requester to filter by; undefined means all. @throws WaybillError FORBIDDEN when an exporter requests all */
export function scopeOf(caller: Caller, scope: 'mine' | 'all'): string | undefined {
  if (scope === 'mine') return caller.id
  if (caller.role !== 'admin') throw new WaybillError('FORBIDDEN', 'Only an administrator sees the exports of all.')
  return undefined
}
