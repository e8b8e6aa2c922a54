// The form of a new export, with the preview beside it.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { newRequestKey, WaybillError } from '@waybill/client'
import { type FormEvent, useMemo, useState } from 'react'
import { useLocation } from 'wouter'
import { api, type Dataset, type Export } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { Choice } from '../../components/controls/choice.tsx'
import { EmptyState, ErrorMessage } from '../../components/display/notice.tsx'
import { isTemporary } from '../../data/problem.ts'
import { queries } from '../../data/queries.ts'
import { formatText } from '../../strings/export.ts'
import { formText } from '../../strings/new-export.ts'
import { ColumnPicker } from './column-picker.tsx'
import { ExcelCheckbox } from './csv-fields.tsx'
import { DateRange } from './date-range.tsx'
import { type Draft, draftErrors, emptyDraft, requestOfDraft, withDataset } from './draft.ts'
import { FilterFields } from './filter-fields.tsx'
import { isDateRange } from './filters.ts'
import { Limit, MoreOptions } from './more-options.tsx'
import { Preview } from './preview.tsx'
import { useDebounced } from './use-debounced.ts'
import { forgetDraft, useDraft } from './use-draft.ts'

interface ExportFormProps {
  readonly datasets: readonly Dataset[]
  readonly from: Export | undefined
}

/** Pause after the last change before the preview is requested. */
const PREVIEW_DELAY_MS = 350

export function ExportForm({ datasets, from }: ExportFormProps) {
  const { draft, change, replace } = useDraft(datasets, from)
  const dataset = datasets.find(({ name }) => name === draft?.dataset)
  if (draft === undefined || dataset === undefined) return <EmptyState {...formText.noDatasets} />
  return <Form {...{ datasets, dataset, draft, change, replace }} isFilled={from !== undefined} />
}

interface FormProps {
  readonly datasets: readonly Dataset[]
  readonly dataset: Dataset
  readonly draft: Draft
  readonly change: (change: Partial<Draft>) => void
  readonly replace: (draft: Draft) => void
  readonly isFilled: boolean
}

function Form({ datasets, dataset, draft, change, replace, isFilled }: FormProps) {
  const [, navigate] = useLocation()
  const client = useQueryClient()
  const [key, setKey] = useState(newRequestKey)
  const invalid = draftErrors(draft, dataset)
  const request = useMemo(() => requestOfDraft(draft, dataset), [draft, dataset])
  const previewRequest = useDebounced(invalid.length === 0 ? request : undefined, PREVIEW_DELAY_MS)
  const preview = useQuery({ ...queries.preview(previewRequest ?? request), enabled: false })
  const submission = useMutation({
    mutationFn: () => api.exports.create(request, { idempotencyKey: key }),
    // The idempotency key makes it safe to repeat a request whose response was lost.
    retry: (tries, error) => tries < 3 && isTemporary(error),
    onSuccess: ({ id }) => {
      forgetDraft()
      setKey(newRequestKey())
      void client.invalidateQueries({ queryKey: ['exports'] })
      navigate(`/exports/${id}`)
    },
    // A rejected request created no export. The next one is a new request and needs a new key.
    onError: (error) => isRefusal(error) && setKey(newRequestKey()),
  })
  const errors = fieldErrors(submission.error ?? preview.error)
  // The service has rejected the form as it is now. The fields show why.
  const isRejected = previewRequest === request && isInvalidRequest(preview.error)
  const isBlocked = invalid.length > 0 || isRejected
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isBlocked) submission.mutate()
  }

  return (
    <form className="new-export" onSubmit={submit} noValidate>
      <div className="choices">
        {isFilled && (
          <p className="note">
            {formText.filledFrom}{' '}
            <Button variant="quiet" onClick={() => replace(emptyDraft(dataset))}>
              {formText.reset}
            </Button>
          </p>
        )}
        <Choice
          legend={formText.dataset}
          name="dataset"
          value={draft.dataset}
          options={datasets.map(({ name, title }) => ({ value: name, label: title }))}
          onChange={(name) => {
            const next = datasets.find((each) => each.name === name)
            if (next !== undefined) replace(withDataset(draft, next))
          }}
        />
        <div className="group">
          <Choice
            legend={formText.format}
            name="format"
            value={draft.format}
            options={dataset.formats.map((format) => ({ value: format, ...formatText[format] }))}
            onChange={(format) => change({ format })}
          />
          {draft.format === 'csv' && <ExcelCheckbox draft={draft} onChange={change} />}
        </div>
        <div className="group pair">
          {isDateRange(dataset) && (
            <DateRange
              draft={draft}
              error={
                invalid.includes('dates')
                  ? formText.datesReversed
                  : (errors.get('filters.dateFrom') ?? errors.get('filters.dateTo'))
              }
              onChange={change}
            />
          )}
          <FilterFields
            dataset={dataset}
            values={draft.filters}
            errors={errors}
            onChange={(filters) => change({ filters })}
          />
          <Limit draft={draft} dataset={dataset} isWrong={invalid.includes('limit')} onChange={change} />
        </div>
        <ColumnPicker
          columns={draft.columns}
          dataset={dataset}
          error={invalid.includes('columns') ? formText.noColumns : undefined}
          onChange={(columns) => change({ columns })}
        />
        <MoreOptions draft={draft} onChange={change} />
      </div>
      <div className="outcome">
        <div className="submit">
          <Button type="submit" variant="primary" busy={submission.isPending} disabled={isBlocked}>
            {formText.submit}
          </Button>
          {isBlocked && <p className="hint">{formText.blocked}</p>}
          {submission.error !== null && <ErrorMessage error={submission.error} />}
        </div>
        <Preview request={invalid.length === 0 ? previewRequest : undefined} />
      </div>
    </form>
  )
}

function isRefusal(error: Error): boolean {
  return error instanceof WaybillError && error.code !== 'NETWORK'
}

function isInvalidRequest(error: Error | null): boolean {
  return error instanceof WaybillError && error.status === 422
}

function fieldErrors(error: Error | null): ReadonlyMap<string, string> {
  const errors = error instanceof WaybillError ? error.errors : []
  return new Map(errors.map(({ path, message }) => [path, message]))
}
