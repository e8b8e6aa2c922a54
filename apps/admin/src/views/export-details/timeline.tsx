// The events of an export as a timeline, oldest first.
import { useInfiniteQuery } from '@tanstack/react-query'
import { ERRORS } from '@waybill/shared/vocabulary/errors.ts'
import type { ExportEvent } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { CallerName } from '../../components/display/caller-name.tsx'
import { ErrorMessage, Loading } from '../../components/display/notice.tsx'
import { Timestamp } from '../../components/display/timestamp.tsx'
import { queries } from '../../data/queries.ts'
import { eventText } from '../../strings/events.ts'
import { timelineText } from '../../strings/export-details.ts'
import { formatBytes, formatNumber } from '../../text/quantities.ts'

interface TimelineProps {
  readonly exportId: string
  readonly version: string
}

export function Timeline({ exportId, version }: TimelineProps) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    queries.events(exportId, version),
  )
  return (
    <section className="panel timeline">
      <h2>{timelineText.title}</h2>
      {error !== null && data === undefined ? (
        <ErrorMessage error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <ol>
          {data.pages.flatMap(({ items }) => items.map((event) => <TimelineEntry key={event.id} event={event} />))}
        </ol>
      )}
      {hasNextPage && (
        <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {timelineText.more}
        </Button>
      )}
    </section>
  )
}

function TimelineEntry({ event }: { readonly event: ExportEvent }) {
  const more = dataWords(event)
  return (
    <li className={event.type.replace('.', '-')}>
      <strong>{eventText[event.type]}</strong>
      <span className="hint">
        <Timestamp at={event.at} format="exact" />
        {' · '}
        {timelineText.by} <CallerName name={event.actor} kind={event.actorKind} />
        {event.attempt !== null && event.attempt > 1 && ` · ${timelineText.attempt(event.attempt)}`}
      </span>
      {more !== undefined && <span className="more">{more}</span>}
    </li>
  )
}

function dataWords({ data, repeats }: ExportEvent): string | undefined {
  if (repeats !== null && repeats > 0) return timelineText.repeats(repeats)
  const { rowCount, bytes, code } = data
  if (typeof rowCount === 'number' && typeof bytes === 'number') {
    return timelineText.rows(formatNumber(rowCount), formatBytes(bytes))
  }
  if (typeof code !== 'string') return undefined
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS].title : code
}
