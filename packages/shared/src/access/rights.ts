// What callers may at this moment: asked at the request, and again while their export runs.

import type { Database } from '../database/client.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { Datasets } from '../datasets/registry.ts'
import { WaybillError } from '../vocabulary/errors.ts'
import { type Caller, isValid } from './api-keys.ts'

type Holder = Pick<Caller, 'role' | 'datasets'>
type Asked = Pick<Dataset, 'name' | 'access'>

/** Whether the role, and the list of a key or of a token, let this dataset out. An empty list is no bound. */
export function mayExport({ role, datasets }: Holder, { name, access }: Asked): boolean {
  return (access !== 'admin' || role === 'admin') && (datasets.length === 0 || datasets.includes(name))
}

/** At the request, at a preview and at a download. @throws WaybillError FORBIDDEN */
export function requireExportable(caller: Holder, dataset: Asked): void {
  if (!mayExport(caller, dataset)) throw new WaybillError('FORBIDDEN', `This key may not export "${dataset.name}".`)
}

/** Of a dataset that has been taken away since, its files are still there. */
export function datasetOf(datasets: Datasets, name: string): Asked {
  return datasets.get(name) ?? { name }
}

const KEY = /^key:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * Of the key that an export was asked for with. Who came with an OIDC token has nothing here to be looked up: their
 * rights are in the token, and were checked with it.
 *
 * @throws WaybillError REQUESTER_REVOKED, REQUESTER_FORBIDDEN
 */
export async function requireRights(db: Pick<Database, 'apiKey'>, requesterId: string, dataset: Asked): Promise<void> {
  if (!requesterId.startsWith('key:')) return
  const id = KEY.exec(requesterId)?.[1]
  const row = id === undefined ? null : await db.apiKey.findUnique({ where: { id } })
  if (row === null || !isValid(row, new Date())) throw new WaybillError('REQUESTER_REVOKED')
  if (!mayExport(row, dataset)) {
    throw new WaybillError('REQUESTER_FORBIDDEN', `The key may not export "${dataset.name}" any more.`)
  }
}
