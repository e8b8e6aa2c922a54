// One field for each filter of a dataset, except its date range. The fields are built from GET /v1/datasets.
import type { Dataset } from '../../api.ts'
import { Field, type FieldIds } from '../../components/controls/field.tsx'
import { formText } from '../../strings/new-export.ts'
import { CheckboxList } from './checkbox-list.tsx'
import { type DatasetFilter, isDateRange, kindOf } from './filters.ts'

interface FilterFieldsProps {
  readonly dataset: Dataset
  readonly values: Readonly<Record<string, string>>
  /** By the path of the field, for example `filters.level`. */
  readonly errors: ReadonlyMap<string, string>
  readonly onChange: (values: Readonly<Record<string, string>>) => void
}

export function FilterFields({ dataset, values, errors, onChange }: FilterFieldsProps) {
  const isRange = isDateRange(dataset)
  const own = dataset.filters.filter(({ name }) => !(isRange && (name === 'dateFrom' || name === 'dateTo')))
  return own.map((filter) => {
    const kind = kindOf(filter)
    const error = errorOf(filter, errors)
    const value = values[filter.name] ?? ''
    const set = (next: string) => onChange({ ...values, [filter.name]: next })
    if (kind.kind === 'list' && kind.items.kind === 'choice') {
      const { name, description } = filter
      return <CheckboxList key={name} {...{ name, description, error, value }} items={kind.items} onChange={set} />
    }
    return (
      <Field key={filter.name} label={filter.name} hint={filter.description} error={error}>
        {(ids) => <Input ids={ids} filter={filter} value={value} onChange={set} />}
      </Field>
    )
  })
}

/** The error of the filter, or of one entry of its list. */
function errorOf({ name }: DatasetFilter, errors: ReadonlyMap<string, string>): string | undefined {
  const path = `filters.${name}`
  return errors.get(path) ?? [...errors].find(([each]) => each.startsWith(`${path}.`))?.[1]
}

interface InputProps {
  readonly ids: FieldIds
  readonly filter: DatasetFilter
  readonly value: string
  readonly onChange: (value: string) => void
}

function Input({ ids, filter, value, onChange }: InputProps) {
  const input = kindOf(filter)
  const set = (event: { target: { value: string } }) => onChange(event.target.value)
  if (input.kind === 'text' || input.kind === 'number' || input.kind === 'list') {
    const type = input.kind === 'number' ? { type: 'number', step: 'any' } : { type: 'text' }
    const placeholder = input.kind === 'list' ? formText.anyOf : formText.any
    return <input {...ids} {...type} value={value} placeholder={placeholder} autoComplete="off" onChange={set} />
  }
  const options: readonly (readonly [string, string])[] =
    input.kind === 'choice'
      ? input.values.map((each) => [each, each])
      : [
          ['true', formText.yes],
          ['false', formText.no],
        ]
  return (
    <select {...ids} value={value} onChange={set}>
      <option value="">{formText.any}</option>
      {options.map(([option, label]) => (
        <option key={option} value={option}>
          {label}
        </option>
      ))}
    </select>
  )
}
