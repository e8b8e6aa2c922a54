// The details of one webhook endpoint: status, actions and delivery log.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, type Endpoint } from '../api.ts'
import { Button, ButtonLink } from '../components/controls/button.tsx'
import { SecretDialog } from '../components/controls/secret-dialog.tsx'
import { EmptyState, ErrorMessage, Loading } from '../components/display/notice.tsx'
import { Timestamp } from '../components/display/timestamp.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { webhooksText } from '../strings/webhooks.ts'
import { Deliveries } from './webhook/deliveries.tsx'
import { type EndpointAction, EndpointActionDialog } from './webhook/endpoint-action-dialog.tsx'
import { EndpointState } from './webhooks/endpoint-state.tsx'

export function Webhook({ id }: { readonly id: string }) {
  const { data, error, refetch } = useQuery(queries.endpoints())
  const endpoint = data?.find((each) => each.id === id)
  if (endpoint !== undefined) return <Details endpoint={endpoint} />
  const words = webhooksText.notFound
  return (
    <Page title={data === undefined ? webhooksText.title : words.title}>
      {error !== null ? (
        <ErrorMessage error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <EmptyState title={words.title} text={words.text}>
          <ButtonLink to="/webhooks">{words.back}</ButtonLink>
        </EmptyState>
      )}
    </Page>
  )
}

function Details({ endpoint }: { readonly endpoint: Endpoint }) {
  const { url, description, enabled, disabledReason, failingSince, events } = endpoint
  return (
    <Page
      title={url}
      lead={
        <>
          <EndpointState endpoint={endpoint} />
          <span>{description === '' ? webhooksText.noDescription : description}</span>
        </>
      }
      actions={<Actions endpoint={endpoint} />}
    >
      <div className="webhook">
        {!enabled && disabledReason !== null && <p className="note">{webhooksText.disabledReason[disabledReason]}</p>}
        {enabled && failingSince !== null && (
          <p className="note">
            {webhooksText.failingSince} <Timestamp at={failingSince} />
          </p>
        )}
        <ul className="chips">
          {events.map((event) => (
            <li key={event}>{event}</li>
          ))}
        </ul>
        <Deliveries endpointId={endpoint.id} />
      </div>
    </Page>
  )
}

function Actions({ endpoint: { id, enabled } }: { readonly endpoint: Endpoint }) {
  const client = useQueryClient()
  const [open, setOpen] = useState<EndpointAction>()
  const [secret, setSecret] = useState<string>()
  const test = useMutation({
    mutationFn: () => api.webhooks.test(id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['deliveries', id] }),
  })
  const enable = useMutation({
    mutationFn: () => api.webhooks.change(id, { enabled: true }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['endpoints'] }),
  })
  const error = test.error ?? enable.error
  return (
    <>
      <Button variant="primary" busy={test.isPending} onClick={() => test.mutate()}>
        {webhooksText.test}
      </Button>
      {enabled ? (
        <Button onClick={() => setOpen('disable')}>{webhooksText.disable.action}</Button>
      ) : (
        <Button busy={enable.isPending} onClick={() => enable.mutate()}>
          {webhooksText.enable}
        </Button>
      )}
      <Button variant="quiet" onClick={() => setOpen('rotate')}>
        {webhooksText.rotate.action}
      </Button>
      <Button variant="quiet" onClick={() => setOpen('remove')}>
        {webhooksText.remove.action}
      </Button>
      {error !== null && <ErrorMessage error={error} />}
      {open !== undefined && (
        <EndpointActionDialog
          action={open}
          endpointId={id}
          onCreated={(created) => {
            setOpen(undefined)
            setSecret(created)
          }}
          onClose={() => setOpen(undefined)}
        />
      )}
      {secret !== undefined && (
        <SecretDialog {...webhooksText.secret} secret={secret} onClose={() => setSecret(undefined)} />
      )}
    </>
  )
}
