// A list of names and values.
import type { ReactNode } from 'react'

export interface Fact {
  readonly name: string
  readonly value: ReactNode
  /** The fact takes the whole width. */
  readonly wide?: boolean
}

interface FactsProps {
  readonly title: string
  readonly facts: readonly (Fact | undefined)[]
}

export function Facts({ title, facts }: FactsProps) {
  return (
    <section className="panel">
      <h2>{title}</h2>
      <dl className="facts">
        {facts
          .filter((fact) => fact !== undefined)
          .map(({ name, value, wide }) => (
            <div key={name} className={wide === true ? 'wide' : undefined}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  )
}
