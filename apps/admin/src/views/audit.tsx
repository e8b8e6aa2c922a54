// The audit trail view, with filters.
import { useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'wouter'
import type { AuditEvent } from '../api.ts'
import { Button } from '../components/controls/button.tsx'
import { CallerName } from '../components/display/caller-name.tsx'
import { EmptyState, ErrorMessage, Loading } from '../components/display/notice.tsx'
import { Timestamp } from '../components/display/timestamp.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { auditText } from '../strings/audit.ts'
import { componentText } from '../strings/components.ts'
import { eventText } from '../strings/events.ts'
import { apiQuery, readFilter } from './audit/filter.ts'
import { AuditFilterBar } from './audit/filter-bar.tsx'

export function Audit() {
  const [parameters, setParameters] = useSearchParams()
  const filter = readFilter(parameters)
  const cursor = parameters.get('cursor')
  const { data, error, isPlaceholderData, refetch } = useQuery(queries.audit(apiQuery(filter, cursor)))
  const older = data?.nextCursor ?? null
  const go = (change: (next: URLSearchParams) => void) =>
    setParameters((before) => {
      const next = new URLSearchParams(before)
      next.delete('cursor')
      change(next)
      return next
    })
  return (
    <Page title={auditText.title} lead={auditText.lead}>
      <AuditFilterBar
        filter={filter}
        onChange={(name, value) => go((next) => (value === '' ? next.delete(name) : next.set(name, value)))}
        onClear={() => setParameters(new URLSearchParams())}
      />
      {error !== null && data === undefined ? (
        <ErrorMessage error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <EmptyState {...auditText.noMatch} />
      ) : (
        <EventTable events={data.items} isStale={isPlaceholderData} />
      )}
      <div className="pages">
        {cursor !== null && <Button onClick={() => go(() => undefined)}>{auditText.newest}</Button>}
        {older !== null && <Button onClick={() => go((next) => next.set('cursor', older))}>{auditText.older}</Button>}
      </div>
    </Page>
  )
}

function EventTable({ events, isStale }: { readonly events: readonly AuditEvent[]; readonly isStale: boolean }) {
  const words = auditText.columns
  return (
    <table className="rows" aria-busy={isStale}>
      <caption className="visually-hidden">{auditText.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.event}</th>
          <th scope="col">{words.actor}</th>
          <th scope="col">{words.address}</th>
          <th scope="col">{words.at}</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.id}>
            <td>
              <span className="what">{eventText[event.type]}</span>
              {event.exportId !== null && (
                <span className="secondary">
                  <Link to={`/exports/${event.exportId}`}>{auditText.export}</Link>
                </span>
              )}
            </td>
            <td data-label={words.actor}>
              <CallerName name={event.actor} kind={event.actorKind} />
            </td>
            <td className="soft" data-label={words.address} title={event.userAgent ?? undefined}>
              {event.address ?? componentText.none}
            </td>
            <td className="soft" data-label={words.at}>
              <Timestamp at={event.at} format="exact" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
