// Radio buttons that look like cards.

interface Option<T extends string> {
  readonly value: T
  readonly label: string
  readonly hint?: string
}

interface ChoiceProps<T extends string> {
  readonly legend: string
  readonly name: string
  readonly options: readonly Option<T>[]
  readonly value: T
  readonly onChange: (value: T) => void
}

export function Choice<T extends string>({ legend, name, options, value, onChange }: ChoiceProps<T>) {
  return (
    <fieldset className="choice">
      <legend>{legend}</legend>
      <div className="cards">
        {options.map((option) => (
          <label key={option.value} className="card-option">
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span className="name">{option.label}</span>
            {option.hint !== undefined && <span className="hint">{option.hint}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
