// The state of the form. It is kept in sessionStorage, so that it survives an expired session and a change of view.
import { useEffect, useState } from 'react'
import type { Dataset, Export } from '../../api.ts'
import { type Draft, draftOf, emptyDraft } from './draft.ts'

const STORAGE_KEY = 'waybill.draft'

/** @param from an earlier export that fills the form */
export function useDraft(datasets: readonly Dataset[], from: Export | undefined) {
  const [draft, setDraft] = useState<Draft | undefined>(() => initial(datasets, from))
  useEffect(() => {
    if (draft !== undefined) sessionStorage.setItem(STORAGE_KEY, JSON.stringify(draft))
  }, [draft])
  return {
    draft,
    change: (change: Partial<Draft>) => setDraft((before) => before && { ...before, ...change }),
    replace: (next: Draft) => setDraft(next),
  }
}

/** Call it after a submission, so that the next form starts empty. */
export function forgetDraft(): void {
  sessionStorage.removeItem(STORAGE_KEY)
}

function initial(datasets: readonly Dataset[], from: Export | undefined): Draft | undefined {
  const named = datasets.find(({ name }) => name === from?.dataset)
  if (from !== undefined && named !== undefined) return draftOf(from, named)
  return storedDraft(datasets) ?? (datasets[0] && emptyDraft(datasets[0]))
}

/** The stored draft, unless its dataset is gone or has other columns now. */
function storedDraft(datasets: readonly Dataset[]): Draft | undefined {
  const text = sessionStorage.getItem(STORAGE_KEY)
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
