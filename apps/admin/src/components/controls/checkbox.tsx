// A checkbox with its label and its hint.
import { useId } from 'react'

interface CheckboxProps {
  readonly label: string
  readonly hint?: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
}

export function Checkbox({ label, hint, checked, onChange }: CheckboxProps) {
  const hintId = useId()
  return (
    <div className="checkbox">
      <label>
        <input
          type="checkbox"
          aria-describedby={hint === undefined ? undefined : hintId}
          checked={checked}
          onChange={({ target }) => onChange(target.checked)}
        />
        <span>{label}</span>
      </label>
      {hint !== undefined && (
        <p className="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  )
}
