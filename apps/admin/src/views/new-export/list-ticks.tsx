// A filter that takes a list of fixed values, as one checkbox per value.
import { useId } from 'react'
import { Toggle } from '../../components/controls/toggle.tsx'
import { entriesOf, listOf, type ScalarKind } from './filters.ts'

interface ListTicksProps {
  readonly name: string
  readonly description: string
  readonly items: Extract<ScalarKind, { kind: 'choice' }>
  readonly value: string
  readonly error: string | undefined
  readonly onChange: (value: string) => void
}

export function ListTicks({ name, description, items, value, error, onChange }: ListTicksProps) {
  const id = useId()
  const ticked = entriesOf(items, value)
  const describedBy = error === undefined ? `${id}-hint` : `${id}-hint ${id}-error`
  return (
    <fieldset className="ticks" aria-describedby={describedBy}>
      <legend>{name}</legend>
      {items.values.map((each) => (
        <Toggle
          key={each}
          label={each}
          checked={ticked.includes(each)}
          onChange={(checked) =>
            onChange(
              listOf(
                items,
                items.values.filter((other) => (other === each ? checked : ticked.includes(other))),
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
