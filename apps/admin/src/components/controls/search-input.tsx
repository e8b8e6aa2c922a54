// A field to look for something: what is typed counts once nothing more is typed for a moment.
import { useEffect, useState } from 'react'
import { Field } from './field.tsx'

interface SearchInputProps {
  readonly label: string
  readonly placeholder: string
  readonly value: string
  readonly onChange: (value: string) => void
}

/** Milliseconds without a key pressed. */
const TYPING = 300

export function SearchInput({ label, placeholder, value, onChange }: SearchInputProps) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onChange(typed), TYPING)
    return () => clearTimeout(timer)
  })
  return (
    <Field label={label}>
      {(ids) => (
        <input
          {...ids}
          type="search"
          maxLength={100}
          placeholder={placeholder}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
      )}
    </Field>
  )
}
