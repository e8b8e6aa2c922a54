// The row limit, and the rarely used options: CSV options and compression.
import type { Dataset } from '../../api.ts'
import { Checkbox } from '../../components/controls/checkbox.tsx'
import { Field } from '../../components/controls/field.tsx'
import { formText } from '../../strings/new-export.ts'
import { formatNumber } from '../../text/quantities.ts'
import { CsvFields } from './csv-fields.tsx'
import type { Draft } from './draft.ts'

interface OptionsProps {
  readonly draft: Draft
  readonly onChange: (change: Partial<Draft>) => void
}

interface LimitProps extends OptionsProps {
  readonly dataset: Dataset
  readonly isWrong: boolean
}

export function Limit({ draft, dataset, isWrong, onChange }: LimitProps) {
  const most = formatNumber(dataset.maxRows)
  return (
    <Field
      label={formText.limit}
      hint={formText.limitHint(most)}
      error={isWrong ? formText.limitWrong(most) : undefined}
    >
      {(ids) => (
        <input
          {...ids}
          inputMode="numeric"
          autoComplete="off"
          value={draft.limit}
          onChange={({ target }) => onChange({ limit: target.value.replaceAll(/[\s.,'’]/g, '') })}
        />
      )}
    </Field>
  )
}

export function MoreOptions({ draft, onChange }: OptionsProps) {
  // An Excel workbook is already compressed and has no options.
  if (draft.format === 'xlsx') return null
  return (
    <details className="more">
      <summary>{formText.more}</summary>
      {draft.format === 'csv' && <CsvFields draft={draft} onChange={onChange} />}
      <Checkbox
        label={formText.gzip}
        checked={draft.compression === 'gzip'}
        onChange={(checked) => onChange({ compression: checked ? 'gzip' : 'none' })}
      />
    </details>
  )
}
