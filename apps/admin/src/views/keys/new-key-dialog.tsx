// The dialog that creates an API key.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, type Me } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { Checkbox } from '../../components/controls/checkbox.tsx'
import { Choice } from '../../components/controls/choice.tsx'
import { Dialog } from '../../components/controls/dialog.tsx'
import { Field } from '../../components/controls/field.tsx'
import { ErrorMessage } from '../../components/display/notice.tsx'
import { queries } from '../../data/queries.ts'
import { keysText } from '../../strings/keys.ts'
import { dayOf, endOfDay } from '../../text/date-presets.ts'

interface NewKeyDialogProps {
  readonly onCreated: (key: string) => void
  readonly onClose: () => void
}

export function NewKeyDialog({ onCreated, onClose }: NewKeyDialogProps) {
  const words = keysText.form
  const client = useQueryClient()
  const { data: all = [] } = useQuery(queries.datasets())
  const [name, setName] = useState('')
  const [role, setRole] = useState<Me['role']>('exporter')
  const [datasets, setDatasets] = useState<string[]>([])
  const [lastDay, setLastDay] = useState('')
  const creation = useMutation({
    mutationFn: () =>
      api.keys.create({
        name,
        role,
        // An administrator cannot be restricted to datasets.
        datasets: role === 'admin' ? [] : datasets,
        ...(lastDay === '' ? {} : { expiresAt: endOfDay(lastDay) }),
      }),
    onSuccess: ({ key }) => {
      void client.invalidateQueries({ queryKey: ['api-keys'] })
      onCreated(key)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    creation.mutate()
  }
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form onSubmit={submit}>
        <Field label={words.name} hint={words.nameHint}>
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={100}
              autoComplete="off"
              value={name}
              onChange={({ target }) => setName(target.value)}
            />
          )}
        </Field>
        <Choice
          legend={words.role}
          name="role"
          value={role}
          options={[
            { value: 'exporter', label: words.exporter, hint: words.exporterHint },
            { value: 'admin', label: words.admin, hint: words.adminHint },
          ]}
          onChange={setRole}
        />
        {role === 'exporter' && (
          <fieldset className="checkboxes">
            <legend>{words.datasets}</legend>
            <p className="hint">{words.datasetsHint}</p>
            {all.map((dataset) => (
              <Checkbox
                key={dataset.name}
                label={dataset.title}
                checked={datasets.includes(dataset.name)}
                onChange={(checked) =>
                  setDatasets(checked ? [...datasets, dataset.name] : datasets.filter((each) => each !== dataset.name))
                }
              />
            ))}
          </fieldset>
        )}
        <Field label={words.expires} hint={words.expiresHint}>
          {(ids) => (
            <input
              {...ids}
              type="date"
              min={dayOf(new Date())}
              value={lastDay}
              onChange={({ target }) => setLastDay(target.value)}
            />
          )}
        </Field>
        {creation.error !== null && <ErrorMessage error={creation.error} />}
        <div className="actions">
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button type="submit" variant="primary" busy={creation.isPending}>
            {words.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
