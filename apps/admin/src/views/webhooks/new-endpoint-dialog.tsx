// The dialog that adds a webhook endpoint.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { WaybillError } from '@waybill/client'
import { WEBHOOK_EVENTS, type WebhookEvent } from '@waybill/shared/vocabulary/webhook-events.ts'
import { type FormEvent, useState } from 'react'
import { api } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { Checkbox } from '../../components/controls/checkbox.tsx'
import { Dialog } from '../../components/controls/dialog.tsx'
import { Field } from '../../components/controls/field.tsx'
import { ErrorMessage } from '../../components/display/notice.tsx'
import { webhooksText } from '../../strings/webhooks.ts'

interface NewEndpointDialogProps {
  readonly onCreated: (secret: string) => void
  readonly onClose: () => void
}

export function NewEndpointDialog({ onCreated, onClose }: NewEndpointDialogProps) {
  const words = webhooksText.form
  const client = useQueryClient()
  const [url, setUrl] = useState('')
  const [description, setDescription] = useState('')
  const [events, setEvents] = useState<readonly WebhookEvent[]>(WEBHOOK_EVENTS)
  const creation = useMutation({
    mutationFn: () => api.webhooks.create({ url: url.trim(), events: [...events], description }),
    onSuccess: ({ secret }) => {
      void client.invalidateQueries({ queryKey: ['endpoints'] })
      onCreated(secret)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    creation.mutate()
  }
  const urlError =
    creation.error instanceof WaybillError
      ? creation.error.errors.find(({ path }) => path === 'url')?.message
      : undefined
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form onSubmit={submit}>
        <Field label={words.url} hint={words.urlHint} error={urlError}>
          {(ids) => (
            <input
              {...ids}
              inputMode="url"
              required
              autoComplete="off"
              placeholder="https://"
              value={url}
              onChange={({ target }) => setUrl(target.value)}
            />
          )}
        </Field>
        <Field label={words.description} hint={words.descriptionHint}>
          {(ids) => (
            <input
              {...ids}
              maxLength={500}
              autoComplete="off"
              value={description}
              onChange={({ target }) => setDescription(target.value)}
            />
          )}
        </Field>
        <fieldset className="checkboxes">
          <legend>{words.events}</legend>
          {WEBHOOK_EVENTS.map((event) => (
            <Checkbox
              key={event}
              label={webhooksText.events[event] ?? event}
              checked={events.includes(event)}
              onChange={(checked) =>
                setEvents(WEBHOOK_EVENTS.filter((each) => (each === event ? checked : events.includes(each))))
              }
            />
          ))}
        </fieldset>
        {creation.error !== null && urlError === undefined && <ErrorMessage error={creation.error} />}
        <div className="actions">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button type="submit" variant="primary" busy={creation.isPending} disabled={events.length === 0}>
            {words.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
