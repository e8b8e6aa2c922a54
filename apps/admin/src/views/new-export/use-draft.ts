// The form's state: kept in the tab, so that an expired session or a look elsewhere loses nothing.
import { useEffect, useState } from 'react'
import type { Dataset, Export } from '../../api.ts'
import { type Draft, draftOf, emptyDraft } from './draft.ts'

const KEY = 'waybill.draft'

/** @param from an earlier export to fill the form from */
export function useDraft(datasets: readonly Dataset[], from: Export | undefined) {
  const [draft, setDraft] = useState<Draft | undefined>(() => initial(datasets, from))
  useEffect(() => {
    if (draft !== undefined) sessionStorage.setItem(KEY, JSON.stringify(draft))
  }, [draft])
  return {
    draft,
    change: (change: Partial<Draft>) => setDraft((before) => before && { ...before, ...change }),
    replace: (next: Draft) => setDraft(next),
  }
}

/** The export has been asked for: the next form begins empty, but for the dataset. */
export function forgetDraft(): void {
  sessionStorage.removeItem(KEY)
}

function initial(datasets: readonly Dataset[], from: Export | undefined): Draft | undefined {
  const named = datasets.find(({ name }) => name === from?.dataset)
  if (from !== undefined && named !== undefined) return draftOf(from, named)
  return remembered(datasets) ?? (datasets[0] && emptyDraft(datasets[0]))
}

/** Unless its dataset is another one by now. */
function remembered(datasets: readonly Dataset[]): Draft | undefined {
  const text = sessionStorage.getItem(KEY)
  if (text === null) return undefined
  const draft = JSON.parse(text) as Draft
  const dataset = datasets.find(({ name }) => name === draft.dataset)
  const names = (columns: readonly { readonly name: string }[]) =>
    columns
      .map(({ name }) => name)
      .toSorted()
      .join('\n')
  return dataset !== undefined && names(dataset.columns) === names(draft.columns) ? draft : undefined
}
