// How the text of a CSV file is written: one tick for Excel, or each option by itself.
import type { CsvOptions } from '@waybill/shared/vocabulary/export.ts'
import { Field } from '../../components/controls/field.tsx'
import { Toggle } from '../../components/controls/toggle.tsx'
import { t } from '../../strings.ts'
import { EXCEL_DELIMITER } from '../../text/locale.ts'
import { type Draft, EXCEL_CSV, isForExcel, PLAIN_CSV } from './draft.ts'

interface CsvFieldsProps {
  readonly draft: Draft
  readonly onChange: (change: Partial<Draft>) => void
}

export function ExcelToggle({ draft, onChange }: CsvFieldsProps) {
  return (
    <Toggle
      label={t.form.excel}
      hint={t.form.excelHint(EXCEL_DELIMITER)}
      checked={isForExcel(draft)}
      // A compressed file would not open by a double click.
      onChange={(checked) => onChange(checked ? { csv: EXCEL_CSV, compression: 'none' } : { csv: PLAIN_CSV })}
    />
  )
}

export function CsvFields({ draft: { csv }, onChange }: CsvFieldsProps) {
  const set = (change: Partial<CsvOptions>) => onChange({ csv: { ...csv, ...change } })
  return (
    <fieldset>
      <legend>{t.form.csvOptions}</legend>
      <Field label={t.form.delimiter}>
        {(ids) => (
          <select
            {...ids}
            value={csv.delimiter}
            onChange={({ target }) => set({ delimiter: target.value as CsvOptions['delimiter'] })}
          >
            {Object.entries(t.form.delimiters).map(([delimiter, label]) => (
              <option key={delimiter} value={delimiter}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Toggle label={t.form.header} checked={csv.header} onChange={(header) => set({ header })} />
      <Toggle label={t.form.bom} checked={csv.bom} onChange={(bom) => set({ bom })} />
      <Toggle
        label={t.form.escapeFormulas}
        checked={csv.escapeFormulas}
        onChange={(escapeFormulas) => set({ escapeFormulas })}
      />
    </fieldset>
  )
}
