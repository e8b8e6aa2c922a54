// Selects the columns of the file and their order, by pointer or keyboard.
import { type PointerEvent, useLayoutEffect, useRef, useState } from 'react'
import type { Dataset } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { Icon } from '../../components/display/icon.tsx'
import { announce } from '../../components/layout/announcer.tsx'
import { formText } from '../../strings/new-export.ts'
import type { DraftColumn } from './draft.ts'
import { move } from './reorder.ts'

interface ColumnPickerProps {
  readonly columns: readonly DraftColumn[]
  readonly dataset: Dataset
  readonly error: string | undefined
  readonly onChange: (columns: readonly DraftColumn[]) => void
}

export function ColumnPicker({ columns, dataset, error, onChange }: ColumnPickerProps) {
  const words = formText
  const list = useRef<HTMLOListElement>(null)
  const [dragged, setDragged] = useState<string>()
  const chosen = columns.filter((column) => column.chosen).length
  const kindOf = (name: string) => dataset.columns.find((column) => column.name === name)?.kind ?? ''
  const choose = (isChosen: (column: DraftColumn) => boolean) =>
    onChange(columns.map((column) => ({ ...column, chosen: isChosen(column) })))

  const pressed = useRef<{ readonly place: number; readonly by: number }>(undefined)
  useLayoutEffect(() => {
    if (pressed.current === undefined) return
    const { place, by } = pressed.current
    pressed.current = undefined
    // Move the focus with the row. At the end of the list one arrow is disabled; focus the other.
    const [up, down] = list.current?.children[place]?.querySelectorAll('button') ?? []
    const [wanted, other] = by < 0 ? [up, down] : [down, up]
    if (wanted?.disabled === false) wanted.focus()
    else other?.focus()
  })
  const step = (index: number, by: number) => {
    const next = move(columns, index, index + by)
    if (next === columns) return
    pressed.current = { place: index + by, by }
    onChange(next)
    announce(words.moved(columns[index]?.name ?? '', index + by + 1, columns.length))
  }
  const drag = (event: PointerEvent) => {
    if (dragged === undefined) return
    const rows = [...(list.current?.children ?? [])]
    const over = rows.findIndex((row) => event.clientY < row.getBoundingClientRect().bottom)
    const from = columns.findIndex(({ name }) => name === dragged)
    const next = move(columns, from, over === -1 ? columns.length - 1 : over)
    if (next !== columns) onChange(next)
  }

  return (
    <fieldset className="columns" aria-describedby={error === undefined ? undefined : 'columns-error'}>
      <legend>
        {words.columns} <span className="count">{words.columnsChosen(chosen, columns.length)}</span>
      </legend>
      <div className="tools">
        <span className="hint">{words.columnsHint}</span>
        <Button variant="quiet" onClick={() => choose(() => true)}>
          {words.chooseAll}
        </Button>
        <Button variant="quiet" onClick={() => choose(() => false)}>
          {words.chooseNone}
        </Button>
      </div>
      <ol ref={list}>
        {columns.map(({ name, chosen: isChosen }, index) => (
          <li key={name} className={dragged === name ? 'dragged' : undefined}>
            <span
              className="grip"
              aria-hidden="true"
              onPointerDown={(event) => {
                event.preventDefault()
                event.currentTarget.setPointerCapture(event.pointerId)
                setDragged(name)
              }}
              onPointerMove={drag}
              onPointerUp={() => setDragged(undefined)}
              onPointerCancel={() => setDragged(undefined)}
            >
              <Icon name="grip" />
            </span>
            <label>
              <input
                type="checkbox"
                checked={isChosen}
                onChange={() => choose((column) => (column.name === name ? !isChosen : column.chosen))}
              />
              <span className="name">{name}</span>
              <span className="kind">{kindOf(name)}</span>
            </label>
            <Button
              variant="quiet"
              icon="up"
              aria-label={words.moveUp(name)}
              disabled={index === 0}
              onClick={() => step(index, -1)}
            />
            <Button
              variant="quiet"
              icon="down"
              aria-label={words.moveDown(name)}
              disabled={index === columns.length - 1}
              onClick={() => step(index, 1)}
            />
          </li>
        ))}
      </ol>
      {error !== undefined && (
        <p className="error" id="columns-error">
          {error}
        </p>
      )}
    </fieldset>
  )
}
