// The filters of the audit trail: event, actor and date.
import { Button } from '../../components/controls/button.tsx'
import { Field } from '../../components/controls/field.tsx'
import { SearchInput } from '../../components/controls/search-input.tsx'
import { auditText } from '../../strings/audit.ts'
import { eventText } from '../../strings/events.ts'
import type { FilterName, TrailFilter } from './filter.ts'

interface AuditFilterBarProps {
  readonly filter: TrailFilter
  readonly onChange: (name: FilterName, value: string) => void
  readonly onClear: () => void
}

export function AuditFilterBar({ filter, onChange, onClear }: AuditFilterBarProps) {
  const words = auditText.filters
  const value = (name: FilterName) => filter[name] ?? ''
  const set = (name: FilterName) => (event: { target: { value: string } }) => onChange(name, event.target.value)
  return (
    <search className="filters" aria-label={words.label}>
      <Field label={words.type}>
        {(ids) => (
          <select {...ids} value={value('type')} onChange={set('type')}>
            <option value="">{words.anyType}</option>
            {Object.entries(eventText).map(([type, label]) => (
              <option key={type} value={type}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Field>
      <SearchInput
        label={words.actor}
        placeholder={words.actorHint}
        value={value('actor')}
        onChange={(actor) => onChange('actor', actor)}
      />
      <Field label={words.from}>
        {(ids) => <input {...ids} type="date" max={value('to')} value={value('from')} onChange={set('from')} />}
      </Field>
      <Field label={words.to}>
        {(ids) => <input {...ids} type="date" min={value('from')} value={value('to')} onChange={set('to')} />}
      </Field>
      {Object.keys(filter).length > 0 && (
        <Button variant="quiet" icon="cross" onClick={onClear}>
          {words.clear}
        </Button>
      )}
    </search>
  )
}
