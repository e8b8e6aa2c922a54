// The datasets that a process knows, by name: made once by its composition root and handed down, never imported.
import type { Dataset } from './dataset.ts'

export type Datasets = ReadonlyMap<string, Dataset>

/** Of two with the same name the later one stays, in the place of the earlier one. */
export function createDatasets(...lists: readonly (readonly Dataset[])[]): Datasets {
  return new Map(lists.flat().map((dataset) => [dataset.name, dataset]))
}
