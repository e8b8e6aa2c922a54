// The view for a new export. It loads what the form needs.
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'wouter'
import { ErrorMessage, Loading } from '../components/display/notice.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { formText } from '../strings/new-export.ts'
import { ExportForm } from './new-export/export-form.tsx'

/** `/new`, or `/new?from=<id>` to fill the form from an earlier export. */
export function NewExport() {
  const [parameters] = useSearchParams()
  const from = parameters.get('from')
  const datasets = useQuery(queries.datasets())
  const earlier = useQuery({ ...queries.export(from ?? ''), enabled: from !== null })
  const error = datasets.error ?? earlier.error
  const isReady = datasets.data !== undefined && (from === null || earlier.data !== undefined)
  return (
    <Page title={formText.title} lead={formText.lead}>
      {isReady ? (
        <ExportForm key={from ?? ''} datasets={datasets.data} from={earlier.data} />
      ) : error === null ? (
        <Loading />
      ) : (
        <ErrorMessage error={error} />
      )}
    </Page>
  )
}
