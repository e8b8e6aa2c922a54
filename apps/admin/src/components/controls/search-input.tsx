// A search field. It reports its value after a pause in typing.
import { useEffect, useState } from 'react'
import { Field } from './field.tsx'

interface SearchInputProps {
  readonly label: string
  readonly placeholder: string
  readonly value: string
  readonly onChange: (value: string) => void
}

/** Pause after the last key before the value is reported. */
const TYPING_PAUSE_MS = 300

export function SearchInput({ label, placeholder, value, onChange }: SearchInputProps) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onChange(typed), TYPING_PAUSE_MS)
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
