// A valid request for the ledger.
import type { NewExport } from '@waybill/shared/ledger/ledger.ts'

export function newExport(changes: Partial<NewExport> = {}): NewExport {
  return {
    dataset: 'users',
    format: 'csv',
    filters: {},
    columns: ['id'],
    limit: undefined,
    compression: 'none',
    csv: { delimiter: ',', bom: false, header: true, escapeFormulas: true },
    contentType: 'text/csv; charset=utf-8',
    extension: 'csv',
    lane: 'small',
    estimatedRows: undefined,
    idempotency: undefined,
    ...changes,
  }
}
