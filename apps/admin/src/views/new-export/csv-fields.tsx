// The CSV options: one checkbox for Excel, and each option by itself.
import type { CsvOptions } from '@waybill/shared/vocabulary/export.ts'
import { Checkbox } from '../../components/controls/checkbox.tsx'
import { Field } from '../../components/controls/field.tsx'
import { formText } from '../../strings/new-export.ts'
import { EXCEL_DELIMITER } from '../../text/locale.ts'
import { type Draft, EXCEL_CSV, isForExcel, PLAIN_CSV } from './draft.ts'

interface CsvFieldsProps {
  readonly draft: Draft
  readonly onChange: (change: Partial<Draft>) => void
}

export function ExcelCheckbox({ draft, onChange }: CsvFieldsProps) {
  return (
    <Checkbox
      label={formText.excel}
      hint={formText.excelHint(EXCEL_DELIMITER)}
      checked={isForExcel(draft)}
      // Excel does not open a compressed CSV file.
      onChange={(checked) => onChange(checked ? { csv: EXCEL_CSV, compression: 'none' } : { csv: PLAIN_CSV })}
    />
  )
}

export function CsvFields({ draft: { csv }, onChange }: CsvFieldsProps) {
  const set = (change: Partial<CsvOptions>) => onChange({ csv: { ...csv, ...change } })
  return (
    <fieldset>
      <legend>{formText.csvOptions}</legend>
      <Field label={formText.delimiter}>
        {(ids) => (
          <select
            {...ids}
            value={csv.delimiter}
            onChange={({ target }) => set({ delimiter: target.value as CsvOptions['delimiter'] })}
          >
            {Object.entries(formText.delimiters).map(([delimiter, label]) => (
              <option key={delimiter} value={delimiter}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Checkbox label={formText.header} checked={csv.header} onChange={(header) => set({ header })} />
      <Checkbox label={formText.bom} checked={csv.bom} onChange={(bom) => set({ bom })} />
      <Checkbox
        label={formText.escapeFormulas}
        checked={csv.escapeFormulas}
        onChange={(escapeFormulas) => set({ escapeFormulas })}
      />
    </fieldset>
  )
}
