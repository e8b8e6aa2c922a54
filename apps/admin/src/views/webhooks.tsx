// Webhook endpoints: which there are, how they do, and making one.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Endpoint } from '../api.ts'
import { Button } from '../components/controls/button.tsx'
import { Secret } from '../components/controls/secret.tsx'
import { Moment } from '../components/display/moment.tsx'
import { Empty, Fault, Loading } from '../components/display/notice.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { t } from '../strings.ts'
import { EndpointState } from './webhooks/endpoint-state.tsx'
import { NewEndpointDialog } from './webhooks/new-endpoint-dialog.tsx'

export function Webhooks() {
  const [isNew, setNew] = useState(false)
  const [secret, setSecret] = useState<string>()
  const { data, error, refetch } = useQuery(queries.endpoints())
  const create = (
    <Button look="primary" icon="plus" onClick={() => setNew(true)}>
      {t.webhooks.create}
    </Button>
  )
  return (
    <Page title={t.webhooks.title} lead={t.webhooks.lead} actions={create}>
      {error !== null && data === undefined ? (
        <Fault error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : data.length === 0 ? (
        <Empty {...t.webhooks.empty} />
      ) : (
        <EndpointTable of={data} />
      )}
      {isNew && (
        <NewEndpointDialog
          onMade={(made) => {
            setNew(false)
            setSecret(made)
          }}
          onClose={() => setNew(false)}
        />
      )}
      {secret !== undefined && <Secret {...t.webhooks.secret} secret={secret} onClose={() => setSecret(undefined)} />}
    </Page>
  )
}

function EndpointTable({ of: endpoints }: { readonly of: readonly Endpoint[] }) {
  const words = t.webhooks.columns
  return (
    <table className="rows">
      <caption className="visually-hidden">{t.webhooks.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.url}</th>
          <th scope="col">{words.events}</th>
          <th scope="col">{words.state}</th>
          <th scope="col">{words.created}</th>
        </tr>
      </thead>
      <tbody>
        {endpoints.map((endpoint) => (
          <tr key={endpoint.id}>
            <td className="what">
              <Link to={`/webhooks/${endpoint.id}`}>{endpoint.url}</Link>
              {endpoint.description !== '' && <span className="facts">{endpoint.description}</span>}
            </td>
            <td data-label={words.events}>{eventWords(endpoint.events)}</td>
            <td>
              <EndpointState of={endpoint} />
            </td>
            <td className="soft" data-label={words.created}>
              <Moment at={endpoint.createdAt} as="near" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function eventWords(events: readonly string[]): string {
  return events.map((event) => t.webhooks.events[event] ?? event).join(', ')
}
