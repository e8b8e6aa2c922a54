// The filters of a dataset other than its time: one field each, made of what GET /v1/datasets says.
import type { Dataset } from '../../api.ts'
import { Field, type FieldIds } from '../../parts/field.tsx'
import { t } from '../../strings.ts'
import { type DatasetFilter, isDateRange, kindOf } from './filters.ts'

interface FilterFieldsProps {
  readonly dataset: Dataset
  readonly values: Readonly<Record<string, string>>
  /** By path, as the service names them. */
  readonly errors: ReadonlyMap<string, string>
  readonly onChange: (values: Readonly<Record<string, string>>) => void
}

export function FilterFields({ dataset, values, errors, onChange }: FilterFieldsProps) {
  const isRange = isDateRange(dataset)
  const own = dataset.filters.filter(({ name }) => !(isRange && (name === 'dateFrom' || name === 'dateTo')))
  return own.map((filter) => (
    <Field key={filter.name} label={filter.name} hint={filter.description} error={errors.get(`filters.${filter.name}`)}>
      {(ids) => (
        <Input
          ids={ids}
          filter={filter}
          value={values[filter.name] ?? ''}
          onChange={(value) => onChange({ ...values, [filter.name]: value })}
        />
      )}
    </Field>
  ))
}

interface InputProps {
  readonly ids: FieldIds
  readonly filter: DatasetFilter
  readonly value: string
  readonly onChange: (value: string) => void
}

function Input({ ids, filter, value, onChange }: InputProps) {
  const { kind, values } = kindOf(filter)
  const set = (event: { target: { value: string } }) => onChange(event.target.value)
  if (kind === 'text' || kind === 'number') {
    const type = kind === 'number' ? { type: 'number', step: 'any' } : { type: 'text' }
    return <input {...ids} {...type} value={value} placeholder={t.form.any} autoComplete="off" onChange={set} />
  }
  const options: readonly (readonly [string, string])[] =
    values === undefined
      ? [
          ['true', t.form.yes],
          ['false', t.form.no],
        ]
      : values.map((each) => [each, each])
  return (
    <select {...ids} value={value} onChange={set}>
      <option value="">{t.form.any}</option>
      {options.map(([option, label]) => (
        <option key={option} value={option}>
          {label}
        </option>
      ))}
    </select>
  )
}
