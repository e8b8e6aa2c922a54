// A filter that takes a list of fixed values, as one checkbox per value.
import { useId } from 'react'
import { Checkbox } from '../../components/controls/checkbox.tsx'
import { entriesOf, listOf, type ScalarKind } from './filters.ts'

interface CheckboxListProps {
  readonly name: string
  readonly description: string
  readonly items: Extract<ScalarKind, { kind: 'choice' }>
  readonly value: string
  readonly error: string | undefined
  readonly onChange: (value: string) => void
}

export function CheckboxList({ name, description, items, value, error, onChange }: CheckboxListProps) {
  const id = useId()
  const selected = entriesOf(items, value)
  const describedBy = error === undefined ? `${id}-hint` : `${id}-hint ${id}-error`
  return (
    <fieldset className="checkboxes" aria-describedby={describedBy}>
      <legend>{name}</legend>
      {items.values.map((each) => (
        <Checkbox
          key={each}
          label={each}
          checked={selected.includes(each)}
          onChange={(checked) =>
            onChange(
              listOf(
                items,
                items.values.filter((other) => (other === each ? checked : selected.includes(other))),
              ),
            )
          }
        />
      ))}
      <p className="hint" id={`${id}-hint`}>
        {description}
      </p>
      {error !== undefined && (
        <p className="error" role="alert" id={`${id}-error`}>
          {error}
        </p>
      )}
    </fieldset>
  )
}
