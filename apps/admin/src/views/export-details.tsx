// One export: how it stands, its file, what was asked for, and everything that happened to it.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Export } from '../api.ts'
import { Button, ButtonLink } from '../components/controls/button.tsx'
import { CopyButton } from '../components/controls/copy-button.tsx'
import { Empty, Fault, Loading } from '../components/display/notice.tsx'
import { Progress } from '../components/display/progress.tsx'
import { Status } from '../components/display/status.tsx'
import { announce } from '../components/layout/announcer.tsx'
import { Page } from '../components/layout/page.tsx'
import { ApiProblem } from '../data/problem.ts'
import { queries } from '../data/queries.ts'
import { t } from '../strings.ts'
import { curlOf, requestOf } from '../text/curl.ts'
import { CancelDialog } from './cancel-dialog.tsx'
import { useDownload } from './download.ts'
import { Failure } from './export-details/failure.tsx'
import { FileFacts } from './export-details/file-facts.tsx'
import { RemoveDialog } from './export-details/remove-dialog.tsx'
import { RequestFacts } from './export-details/request-facts.tsx'
import { Timeline } from './export-details/timeline.tsx'
import { Warnings } from './export-details/warnings.tsx'
import { isActive, tabOf } from './export-state.ts'

export function ExportDetails({ id }: { readonly id: string }) {
  const query = useQuery(queries.export(id))
  if (query.data !== undefined) return <Details of={query.data} />
  const isUnknown = query.error instanceof ApiProblem && query.error.status === 404
  return (
    <Page title={isUnknown ? t.details.notFound.title : t.details.title}>
      {query.error === null ? (
        <Loading />
      ) : isUnknown ? (
        <Empty title={t.details.notFound.title} text={t.details.notFound.text}>
          <ButtonLink to="/">{t.details.notFound.back}</ButtonLink>
        </Empty>
      ) : (
        <Fault error={query.error} onRetry={() => void query.refetch()} />
      )}
    </Page>
  )
}

function Details({ of: one }: { readonly of: Export }) {
  const { data: datasets = [] } = useQuery(queries.datasets())
  const title = datasets.find(({ name }) => name === one.dataset)?.title ?? one.dataset
  useAnnouncedStatus(one)
  return (
    <Page
      title={title}
      tab={tabOf(one)}
      lead={
        <>
          <Status status={one.status} /> <span className="filename">{one.filename}</span>
        </>
      }
      actions={<Actions of={one} />}
    >
      <div className="details">
        <div className="facts-column">
          {isActive(one) && (
            <section className="panel">
              <Progress of={one} />
            </section>
          )}
          {one.status === 'failed' && <Failure of={one} />}
          {one.status === 'canceled' && <p className="panel note">{t.details.canceled}</p>}
          {one.status === 'expired' && <p className="panel note">{t.details.expired}</p>}
          <Warnings of={one} />
          {one.rowCount !== null && <FileFacts of={one} />}
          <RequestFacts of={one} />
        </div>
        <Timeline exportId={one.id} version={`${one.status} ${one.attempts}`} />
      </div>
    </Page>
  )
}

function Actions({ of: one }: { readonly of: Export }) {
  const [dialog, setDialog] = useState<'cancel' | 'remove'>()
  const download = useDownload(one.id)
  const close = () => setDialog(undefined)
  const words = t.details
  return (
    <>
      {one.status === 'completed' && (
        <Button look="primary" icon="download" busy={download.isPending} onClick={() => download.mutate()}>
          {words.download}
        </Button>
      )}
      {isActive(one) ? (
        <Button icon="cross" onClick={() => setDialog('cancel')}>
          {words.cancel}
        </Button>
      ) : (
        <ButtonLink to={`/new?from=${one.id}`} icon="retry" look={one.status === 'failed' ? 'primary' : 'plain'}>
          {one.status === 'failed' ? words.retry : words.again}
        </ButtonLink>
      )}
      <CopyButton text={curlOf(requestOf(one), location.origin)} label={words.curl} />
      {one.status === 'completed' && (
        <Button look="quiet" onClick={() => setDialog('remove')}>
          {words.remove}
        </Button>
      )}
      {download.error !== null && <Fault error={download.error} />}
      {dialog === 'cancel' && <CancelDialog exportId={one.id} onClose={close} />}
      {dialog === 'remove' && <RemoveDialog exportId={one.id} onClose={close} />}
    </>
  )
}

/** Readers who do not see the colours hear of each change; not of the state in which they found it. */
function useAnnouncedStatus({ status }: Export): void {
  const before = useRef(status)
  useEffect(() => {
    if (before.current !== status) announce(t.progress.announce[status])
    before.current = status
  }, [status])
}
