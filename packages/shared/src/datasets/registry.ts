// The datasets of a process by name. Its composition root creates the map and passes it down.
import type { Dataset } from './dataset.ts'

export type Datasets = ReadonlyMap<string, Dataset>

/** A later dataset replaces an earlier one with the same name, at the same position. */
export function createDatasets(...lists: readonly (readonly Dataset[])[]): Datasets {
  return new Map(lists.flat().map((dataset) => [dataset.name, dataset]))
}
