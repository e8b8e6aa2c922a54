// The delivery log of an endpoint: each event, the last response, and a button to redeliver.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useSearchParams } from 'wouter'
import { api, type Delivery } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { EmptyState, ErrorMessage, Loading } from '../../components/display/notice.tsx'
import { Timestamp } from '../../components/display/timestamp.tsx'
import { queries } from '../../data/queries.ts'
import { componentText } from '../../strings/components.ts'
import { deliveriesText, webhooksText } from '../../strings/webhooks.ts'
import { formatNumber } from '../../text/quantities.ts'

const STATUS_CLASSES = { pending: 'running', delivered: 'good', failed: 'bad' } as const

export function Deliveries({ endpointId }: { readonly endpointId: string }) {
  const [parameters, setParameters] = useSearchParams()
  const cursor = parameters.get('cursor')
  const { data, error, isPlaceholderData, refetch } = useQuery(queries.deliveries(endpointId, cursor))
  const older = data?.nextCursor ?? null
  const words = deliveriesText
  return (
    <section>
      <h2>{words.title}</h2>
      {error !== null && data === undefined ? (
        <ErrorMessage error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <EmptyState {...words.empty} />
      ) : (
        <table className="rows" aria-busy={isPlaceholderData}>
          <caption className="visually-hidden">{words.caption}</caption>
          <thead>
            <tr>
              <th scope="col">{words.columns.event}</th>
              <th scope="col">{words.columns.status}</th>
              <th scope="col">{words.columns.response}</th>
              <th scope="col">{words.columns.at}</th>
              <th scope="col">
                <span className="visually-hidden">{words.columns.actions}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((delivery) => (
              <DeliveryRow key={delivery.id} delivery={delivery} />
            ))}
          </tbody>
        </table>
      )}
      <div className="pages">
        {cursor !== null && <Button onClick={() => setParameters({})}>{words.newest}</Button>}
        {older !== null && <Button onClick={() => setParameters({ cursor: older })}>{words.older}</Button>}
      </div>
    </section>
  )
}

function DeliveryRow({ delivery }: { readonly delivery: Delivery }) {
  const client = useQueryClient()
  const words = deliveriesText
  const again = useMutation({
    mutationFn: () => api.webhooks.redeliver(delivery.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['deliveries', delivery.endpointId] }),
  })
  const event = webhooksText.events[delivery.type] ?? delivery.type
  return (
    <tr>
      <td>
        <span className="what">{event}</span>
        {delivery.exportId !== null && (
          <span className="secondary">
            <Link to={`/exports/${delivery.exportId}`}>{words.export}</Link>
          </span>
        )}
      </td>
      <td>
        <span className={`status ${STATUS_CLASSES[delivery.status]}`}>{words.status[delivery.status]}</span>
        <span className="secondary">
          {words.attempts(delivery.tryCount)}
          {delivery.status === 'pending' && delivery.nextAttemptAt !== null && (
            <>
              {' · '}
              {words.nextAttempt} <Timestamp at={delivery.nextAttemptAt} format="upcoming" />
            </>
          )}
        </span>
      </td>
      <td data-label={words.columns.response}>
        <LastResponse delivery={delivery} />
        {again.error !== null && <ErrorMessage error={again.error} />}
      </td>
      <td className="soft" data-label={words.columns.at}>
        <Timestamp at={delivery.createdAt} format="relative" />
      </td>
      <td className="act">
        <Button
          variant="quiet"
          icon="retry"
          busy={again.isPending}
          aria-label={words.redeliverLabel(event)}
          onClick={() => again.mutate()}
        >
          {words.redeliver}
        </Button>
      </td>
    </tr>
  )
}

function LastResponse({ delivery: { tries } }: { readonly delivery: Delivery }) {
  const words = deliveriesText
  const last = tries.at(-1)
  if (last === undefined) return componentText.none
  return (
    <>
      {last.status === null
        ? (last.error ?? words.noResponse)
        : words.response(last.status, formatNumber(last.milliseconds))}
      {last.answer !== '' && (
        <details>
          <summary>{words.body}</summary>
          <pre>{last.answer}</pre>
        </details>
      )}
    </>
  )
}
