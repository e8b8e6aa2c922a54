// The list of webhook endpoints, with their status and a dialog to add one.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Endpoint } from '../api.ts'
import { Button } from '../components/controls/button.tsx'
import { SecretDialog } from '../components/controls/secret-dialog.tsx'
import { EmptyState, ErrorMessage, Loading } from '../components/display/notice.tsx'
import { Timestamp } from '../components/display/timestamp.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { webhooksText } from '../strings/webhooks.ts'
import { EndpointState } from './webhooks/endpoint-state.tsx'
import { NewEndpointDialog } from './webhooks/new-endpoint-dialog.tsx'

export function Webhooks() {
  const [isNew, setNew] = useState(false)
  const [secret, setSecret] = useState<string>()
  const { data, error, refetch } = useQuery(queries.endpoints())
  const create = (
    <Button variant="primary" icon="plus" onClick={() => setNew(true)}>
      {webhooksText.create}
    </Button>
  )
  return (
    <Page title={webhooksText.title} lead={webhooksText.lead} actions={create}>
      {error !== null && data === undefined ? (
        <ErrorMessage error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : data.length === 0 ? (
        <EmptyState {...webhooksText.empty} />
      ) : (
        <EndpointTable endpoints={data} />
      )}
      {isNew && (
        <NewEndpointDialog
          onCreated={(created) => {
            setNew(false)
            setSecret(created)
          }}
          onClose={() => setNew(false)}
        />
      )}
      {secret !== undefined && (
        <SecretDialog {...webhooksText.secret} secret={secret} onClose={() => setSecret(undefined)} />
      )}
    </Page>
  )
}

function EndpointTable({ endpoints }: { readonly endpoints: readonly Endpoint[] }) {
  const words = webhooksText.columns
  return (
    <table className="rows">
      <caption className="visually-hidden">{webhooksText.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.url}</th>
          <th scope="col">{words.events}</th>
          <th scope="col">{words.status}</th>
          <th scope="col">{words.created}</th>
        </tr>
      </thead>
      <tbody>
        {endpoints.map((endpoint) => (
          <tr key={endpoint.id}>
            <td className="what">
              <Link to={`/webhooks/${endpoint.id}`}>{endpoint.url}</Link>
              {endpoint.description !== '' && <span className="secondary">{endpoint.description}</span>}
            </td>
            <td data-label={words.events}>{eventWords(endpoint.events)}</td>
            <td>
              <EndpointState endpoint={endpoint} />
            </td>
            <td className="soft" data-label={words.created}>
              <Timestamp at={endpoint.createdAt} format="relative" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function eventWords(events: readonly string[]): string {
  return events.map((event) => webhooksText.events[event] ?? event).join(', ')
}
