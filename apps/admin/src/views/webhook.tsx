// One webhook endpoint: how it does, what was sent to it, and what it answered.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, type Endpoint } from '../api.ts'
import { Button, ButtonLink } from '../components/controls/button.tsx'
import { Secret } from '../components/controls/secret.tsx'
import { Moment } from '../components/display/moment.tsx'
import { Empty, Fault, Loading } from '../components/display/notice.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { t } from '../strings.ts'
import { Deliveries } from './webhook/deliveries.tsx'
import { type EndpointAction, EndpointActionDialog } from './webhook/endpoint-action-dialog.tsx'
import { EndpointState } from './webhooks/endpoint-state.tsx'

export function Webhook({ id }: { readonly id: string }) {
  const { data, error, refetch } = useQuery(queries.endpoints())
  const endpoint = data?.find((each) => each.id === id)
  if (endpoint !== undefined) return <Details of={endpoint} />
  const words = t.webhooks.notFound
  return (
    <Page title={data === undefined ? t.webhooks.title : words.title}>
      {error !== null ? (
        <Fault error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <Empty title={words.title} text={words.text}>
          <ButtonLink to="/webhooks">{words.back}</ButtonLink>
        </Empty>
      )}
    </Page>
  )
}

function Details({ of: endpoint }: { readonly of: Endpoint }) {
  const { url, description, enabled, disabledReason, failingSince, events } = endpoint
  return (
    <Page
      title={url}
      lead={
        <>
          <EndpointState of={endpoint} />
          <span>{description === '' ? t.webhooks.noDescription : description}</span>
        </>
      }
      actions={<Actions of={endpoint} />}
    >
      <div className="webhook">
        {!enabled && disabledReason !== null && <p className="note">{t.webhooks.offReason[disabledReason]}</p>}
        {enabled && failingSince !== null && (
          <p className="note">
            {t.webhooks.failingSince} <Moment at={failingSince} />
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

function Actions({ of: { id, enabled } }: { readonly of: Endpoint }) {
  const client = useQueryClient()
  const [open, setOpen] = useState<EndpointAction>()
  const [secret, setSecret] = useState<string>()
  const test = useMutation({
    mutationFn: () => api.testEndpoint(id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['deliveries', id] }),
  })
  const turn = useMutation({
    mutationFn: () => api.changeEndpoint(id, { enabled: !enabled }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['endpoints'] }),
  })
  const error = test.error ?? turn.error
  return (
    <>
      <Button look="primary" busy={test.isPending} onClick={() => test.mutate()}>
        {t.webhooks.test}
      </Button>
      <Button busy={turn.isPending} onClick={() => turn.mutate()}>
        {enabled ? t.webhooks.turnOff : t.webhooks.turnOn}
      </Button>
      <Button look="quiet" onClick={() => setOpen('rotate')}>
        {t.webhooks.rotate.action}
      </Button>
      <Button look="quiet" onClick={() => setOpen('remove')}>
        {t.webhooks.remove.action}
      </Button>
      {error !== null && <Fault error={error} />}
      {open !== undefined && (
        <EndpointActionDialog
          action={open}
          endpointId={id}
          onMade={(made) => {
            setOpen(undefined)
            setSecret(made)
          }}
          onClose={() => setOpen(undefined)}
        />
      )}
      {secret !== undefined && <Secret {...t.webhooks.secret} secret={secret} onClose={() => setSecret(undefined)} />}
    </>
  )
}
