// The details of one export: status, file, request and timeline.
import { useQuery } from '@tanstack/react-query'
import { WaybillError } from '@waybill/client'
import { useEffect, useRef, useState } from 'react'
import type { Export } from '../api.ts'
import { Button, ButtonLink } from '../components/controls/button.tsx'
import { CopyButton } from '../components/controls/copy-button.tsx'
import { EmptyState, ErrorMessage, Loading } from '../components/display/notice.tsx'
import { Progress } from '../components/display/progress.tsx'
import { Status } from '../components/display/status.tsx'
import { announce } from '../components/layout/announcer.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { progressText } from '../strings/export.ts'
import { detailsText } from '../strings/export-details.ts'
import { curlOf, requestOf } from '../text/curl.ts'
import { CancelDialog } from './cancel-dialog.tsx'
import { Failure } from './export-details/failure.tsx'
import { FileFacts } from './export-details/file-facts.tsx'
import { RemoveDialog } from './export-details/remove-dialog.tsx'
import { RequestFacts } from './export-details/request-facts.tsx'
import { Timeline } from './export-details/timeline.tsx'
import { Warnings } from './export-details/warnings.tsx'
import { isActive, tabOf } from './export-state.ts'
import { useDownload } from './use-download.ts'

export function ExportDetails({ id }: { readonly id: string }) {
  const query = useQuery(queries.export(id))
  if (query.data !== undefined) return <Details record={query.data} updatedAt={query.dataUpdatedAt} />
  const isUnknown = query.error instanceof WaybillError && query.error.status === 404
  return (
    <Page title={isUnknown ? detailsText.notFound.title : detailsText.title}>
      {query.error === null ? (
        <Loading />
      ) : isUnknown ? (
        <EmptyState title={detailsText.notFound.title} text={detailsText.notFound.text}>
          <ButtonLink to="/">{detailsText.notFound.back}</ButtonLink>
        </EmptyState>
      ) : (
        <ErrorMessage error={query.error} onRetry={() => void query.refetch()} />
      )}
    </Page>
  )
}

interface DetailsProps {
  readonly record: Export
  readonly updatedAt: number
}

function Details({ record, updatedAt }: DetailsProps) {
  const { data: datasets = [] } = useQuery(queries.datasets())
  const title = datasets.find(({ name }) => name === record.dataset)?.title ?? record.dataset
  useAnnouncedStatus(record)
  return (
    <Page
      title={title}
      tab={tabOf(record)}
      updatedAt={isActive(record) ? updatedAt : undefined}
      lead={
        <>
          <Status status={record.status} /> <span className="filename">{record.filename}</span>
        </>
      }
      actions={<Actions record={record} />}
    >
      <div className="details">
        <div className="facts-column">
          {isActive(record) && (
            <section className="panel">
              <Progress record={record} />
            </section>
          )}
          {record.status === 'failed' && <Failure error={record.error} />}
          {record.status === 'canceled' && <p className="panel note">{detailsText.canceled}</p>}
          {record.status === 'expired' && <p className="panel note">{detailsText.expired}</p>}
          <Warnings record={record} />
          {record.rowCount !== null && <FileFacts record={record} />}
          <RequestFacts record={record} />
        </div>
        <Timeline exportId={record.id} version={`${record.status} ${record.attempts}`} />
      </div>
    </Page>
  )
}

function Actions({ record }: { readonly record: Export }) {
  const [dialog, setDialog] = useState<'cancel' | 'remove'>()
  const download = useDownload(record.id)
  const close = () => setDialog(undefined)
  const words = detailsText
  return (
    <>
      {record.status === 'completed' && (
        <Button variant="primary" icon="download" busy={download.isPending} onClick={() => download.mutate()}>
          {words.download}
        </Button>
      )}
      {isActive(record) ? (
        <Button icon="cross" onClick={() => setDialog('cancel')}>
          {words.cancel}
        </Button>
      ) : (
        <ButtonLink
          to={`/new?from=${record.id}`}
          icon="retry"
          variant={record.status === 'failed' ? 'primary' : 'plain'}
        >
          {record.status === 'failed' ? words.retry : words.again}
        </ButtonLink>
      )}
      <CopyButton text={curlOf(requestOf(record), location.origin)} label={words.curl} />
      {record.status === 'completed' && (
        <Button variant="quiet" onClick={() => setDialog('remove')}>
          {words.remove}
        </Button>
      )}
      {download.error !== null && <ErrorMessage error={download.error} />}
      {dialog === 'cancel' && <CancelDialog exportId={record.id} onClose={close} />}
      {dialog === 'remove' && <RemoveDialog exportId={record.id} onClose={close} />}
    </>
  )
}

/** Announces each change of the status to screen readers, but not the first status. */
function useAnnouncedStatus({ status }: Export): void {
  const before = useRef(status)
  useEffect(() => {
    if (before.current !== status) announce(progressText.announce[status])
    before.current = status
  }, [status])
}
