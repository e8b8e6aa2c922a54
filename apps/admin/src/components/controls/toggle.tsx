// A checkbox with its label and its hint.
import { useId } from 'react'

interface ToggleProps {
  readonly label: string
  readonly hint?: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
}

export function Toggle({ label, hint, checked, onChange }: ToggleProps) {
  const hintId = useId()
  return (
    <div className="toggle">
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
