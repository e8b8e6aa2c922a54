// The delivery log of an endpoint: each event, what was answered, and sending it again.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useSearchParams } from 'wouter'
import { api, type Delivery } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { Moment } from '../../components/display/moment.tsx'
import { Empty, Fault, Loading } from '../../components/display/notice.tsx'
import { queries } from '../../data/queries.ts'
import { t } from '../../strings.ts'
import { formatNumber } from '../../text/quantities.ts'

const LOOKS = { pending: 'running', delivered: 'good', failed: 'bad' } as const

export function Deliveries({ endpointId }: { readonly endpointId: string }) {
  const [parameters, setParameters] = useSearchParams()
  const cursor = parameters.get('cursor')
  const { data, error, isPlaceholderData, refetch } = useQuery(queries.deliveries(endpointId, cursor))
  const older = data?.nextCursor ?? null
  const words = t.webhooks.deliveries
  return (
    <section>
      <h2>{words.title}</h2>
      {error !== null && data === undefined ? (
        <Fault error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <Empty {...words.empty} />
      ) : (
        <table className="rows" aria-busy={isPlaceholderData}>
          <caption className="visually-hidden">{words.caption}</caption>
          <thead>
            <tr>
              <th scope="col">{words.columns.event}</th>
              <th scope="col">{words.columns.state}</th>
              <th scope="col">{words.columns.answer}</th>
              <th scope="col">{words.columns.at}</th>
              <th scope="col">
                <span className="visually-hidden">{words.columns.actions}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((delivery) => (
              <DeliveryRow key={delivery.id} of={delivery} />
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

function DeliveryRow({ of: delivery }: { readonly of: Delivery }) {
  const client = useQueryClient()
  const words = t.webhooks.deliveries
  const again = useMutation({
    mutationFn: () => api.redeliver(delivery.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['deliveries', delivery.endpointId] }),
  })
  const event = t.webhooks.events[delivery.type] ?? delivery.type
  return (
    <tr>
      <td>
        <span className="what">{event}</span>
        {delivery.exportId !== null && (
          <span className="facts">
            <Link to={`/exports/${delivery.exportId}`}>{words.export}</Link>
          </span>
        )}
      </td>
      <td>
        <span className={`status ${LOOKS[delivery.status]}`}>{words.status[delivery.status]}</span>
        <span className="facts">
          {words.tries(delivery.tries.length)}
          {delivery.status === 'pending' && delivery.nextAttemptAt !== null && (
            <>
              {' · '}
              {words.next} <Moment at={delivery.nextAttemptAt} as="near" />
            </>
          )}
        </span>
      </td>
      <td data-label={words.columns.answer}>
        <LastAnswer of={delivery} />
        {again.error !== null && <Fault error={again.error} />}
      </td>
      <td className="soft" data-label={words.columns.at}>
        <Moment at={delivery.createdAt} as="near" />
      </td>
      <td className="act">
        <Button
          look="quiet"
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

function LastAnswer({ of: { tries } }: { readonly of: Delivery }) {
  const words = t.webhooks.deliveries
  const last = tries.at(-1)
  if (last === undefined) return t.none
  return (
    <>
      {last.status === null
        ? (last.error ?? words.noAnswer)
        : words.answered(last.status, formatNumber(last.milliseconds))}
      {last.answer !== '' && (
        <details>
          <summary>{words.body}</summary>
          <pre>{last.answer}</pre>
        </details>
      )}
    </>
  )
}
