// Checks what a caller may export, at the request and again while the export runs.
import type { Database } from '../database/client.ts'
import type { Dataset, DatasetAccess } from '../datasets/dataset.ts'
import type { Datasets } from '../datasets/registry.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import { type Caller, isValid } from './api-keys.ts'

type Permissions = Pick<Caller, 'role' | 'datasets'>
type RequestedDataset = Pick<Dataset, 'name' | 'access'>

/** True if the role and the dataset list of a key or token allow this dataset. An empty list allows all. */
export function mayExport({ role, datasets }: Permissions, { name, access }: RequestedDataset): boolean {
  return (access !== 'admin' || role === 'admin') && (datasets.length === 0 || datasets.includes(name))
}

/** For requests, previews and downloads. @throws WaybillError FORBIDDEN */
export function requireExportable(caller: Permissions, dataset: RequestedDataset): void {
  if (!mayExport(caller, dataset)) throw new WaybillError('FORBIDDEN', `This key may not export "${dataset.name}".`)
}

/**
 * The dataset of an export, to check who may have its file. Files of a dataset that is no longer offered are still stored:
 * for these, the access rule at the time of the request holds.
 */
export function datasetOf(
  datasets: Datasets,
  { dataset, datasetAccess }: { readonly dataset: string; readonly datasetAccess: DatasetAccess | null },
): RequestedDataset {
  return datasets.get(dataset) ?? { name: dataset, access: datasetAccess ?? 'caller' }
}

const KEY = /^key:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * Checks the key that requested an export. The rights of an OIDC caller are in the token and were checked with the
 * request, so there is nothing to look up.
 *
 * @throws WaybillError REQUESTER_REVOKED, REQUESTER_FORBIDDEN
 */
export async function requireRights(
  db: Pick<Database, 'apiKey'>,
  requesterId: string,
  dataset: RequestedDataset,
): Promise<void> {
  if (!requesterId.startsWith('key:')) return
  const id = KEY.exec(requesterId)?.[1]
  const row = id === undefined ? null : await db.apiKey.findUnique({ where: { id } })
  if (row === null || !isValid(row, new Date())) throw new WaybillError('REQUESTER_REVOKED')
  if (!mayExport(row, dataset)) {
    throw new WaybillError('REQUESTER_FORBIDDEN', `The key may no longer export "${dataset.name}".`)
  }
}
