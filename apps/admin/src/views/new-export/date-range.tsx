// The date range of the rows: a preset or custom days.
import { Field } from '../../components/controls/field.tsx'
import { formText } from '../../strings/new-export.ts'
import { unitText } from '../../strings/units.ts'
import { PRESETS, type Preset, rangeOf } from '../../text/date-presets.ts'
import { formatExact } from '../../text/times.ts'
import type { Draft } from './draft.ts'

interface DateRangeProps {
  readonly draft: Draft
  readonly error: string | undefined
  readonly onChange: (change: Partial<Draft>) => void
}

export function DateRange({ draft, error, onChange }: DateRangeProps) {
  const words = formText
  const { preset, from, to, exact } = draft
  const hasExact = Object.keys(exact).length > 0
  const choose = (chosen: Preset | 'exact') =>
    onChange(
      chosen === 'custom' || chosen === 'exact'
        ? { preset: chosen }
        : { preset: chosen, ...rangeOf(chosen, new Date()) },
    )
  const day = (name: 'from' | 'to') => (event: { target: { value: string } }) =>
    onChange({ preset: 'custom', [name]: event.target.value })
  return (
    <>
      <Field label={words.dateRange} error={error}>
        {(ids) => (
          <select {...ids} value={preset} onChange={({ target }) => choose(target.value as Preset | 'exact')}>
            {hasExact && <option value="exact">{words.presets.exact}</option>}
            {PRESETS.map((each) => (
              <option key={each} value={each}>
                {words.presets[each]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {preset === 'exact' && <p className="hint">{words.exact(...exactWords(exact))}</p>}
      {preset !== 'exact' && preset !== 'all' && (
        <div className="days">
          <Field label={words.from}>
            {(ids) => <input {...ids} type="date" max={to || undefined} value={from} onChange={day('from')} />}
          </Field>
          <Field label={words.to}>
            {(ids) => <input {...ids} type="date" min={from || undefined} value={to} onChange={day('to')} />}
          </Field>
          <p className="hint">{words.zone(Intl.DateTimeFormat().resolvedOptions().timeZone)}</p>
        </div>
      )}
    </>
  )
}

function exactWords({ dateFrom, dateTo }: Draft['exact']): [string | undefined, string | undefined] {
  // A value without a time is a day in UTC. Show it unchanged.
  const inWords = (text: string | undefined) =>
    text === undefined ? undefined : /T/.test(text) ? formatExact(text) : unitText.utcDay(text)
  return [inWords(dateFrom), inWords(dateTo)]
}
