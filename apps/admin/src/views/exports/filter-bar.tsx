// The filters of the list: owner, dataset, status, requester and date.
import { useQuery } from '@tanstack/react-query'
import { Button } from '../../components/controls/button.tsx'
import { Field } from '../../components/controls/field.tsx'
import { SearchInput } from '../../components/controls/search-input.tsx'
import { queries } from '../../data/queries.ts'
import { statusText } from '../../strings/export.ts'
import { listText } from '../../strings/export-list.ts'
import { STATUSES } from '../export-state.ts'
import type { FilterName, ListFilter } from './filter.ts'

interface FilterBarProps {
  readonly filter: ListFilter
  /** Whether the caller may list the exports of other callers. */
  readonly canSeeAll: boolean
  readonly onChange: (name: FilterName, value: string) => void
  readonly onClear: () => void
}

export function FilterBar({ filter, canSeeAll, onChange, onClear }: FilterBarProps) {
  const { data: datasets = [] } = useQuery(queries.datasets())
  const words = listText.filters
  const set = (name: FilterName) => (event: { target: { value: string } }) => onChange(name, event.target.value)
  return (
    <search className="filters" aria-label={words.label}>
      {canSeeAll && (
        <Field label={words.scope}>
          {(ids) => (
            <select {...ids} value={filter.scope ?? 'all'} onChange={set('scope')}>
              <option value="all">{words.all}</option>
              <option value="mine">{words.mine}</option>
            </select>
          )}
        </Field>
      )}
      <Field label={words.dataset}>
        {(ids) => (
          <select {...ids} value={filter.dataset ?? ''} onChange={set('dataset')}>
            <option value="">{words.anyDataset}</option>
            {datasets.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={words.status}>
        {(ids) => (
          <select {...ids} value={filter.status ?? ''} onChange={set('status')}>
            <option value="">{words.anyStatus}</option>
            {STATUSES.map((status) => (
              <option key={status} value={status}>
                {statusText[status]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {canSeeAll && filter.scope !== 'mine' && (
        <SearchInput
          label={words.requestedBy}
          placeholder={words.requestedByHint}
          value={filter.requestedBy ?? ''}
          onChange={(value) => onChange('requestedBy', value)}
        />
      )}
      <Field label={words.from}>
        {(ids) => <input {...ids} type="date" max={filter.to} value={filter.from ?? ''} onChange={set('from')} />}
      </Field>
      <Field label={words.to}>
        {(ids) => <input {...ids} type="date" min={filter.from} value={filter.to ?? ''} onChange={set('to')} />}
      </Field>
      {/* Always there, so that the first filter does not move the table. */}
      <Button variant="quiet" icon="cross" disabled={Object.keys(filter).length === 0} onClick={onClear}>
        {words.clear}
      </Button>
    </search>
  )
}
