// Confirms and performs the rotation or revocation of an API key.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type ApiKey, api } from '../../api.ts'
import { ConfirmDialog } from '../../components/controls/dialog.tsx'
import { Field } from '../../components/controls/field.tsx'
import { ErrorMessage } from '../../components/display/notice.tsx'
import { keysText } from '../../strings/keys.ts'

export type KeyAction = 'revoke' | 'rotate'

interface KeyActionDialogProps {
  readonly action: KeyAction
  readonly apiKey: ApiKey
  readonly onCreated: (key: string) => void
  readonly onClose: () => void
}

export function KeyActionDialog({ action, apiKey, onCreated, onClose }: KeyActionDialogProps) {
  const [overlap, setOverlap] = useState('1d')
  const client = useQueryClient()
  const work = useMutation({
    mutationFn: async () => {
      if (action === 'rotate') return (await api.keys.rotate(apiKey.id, { overlap })).key
      await api.keys.revoke(apiKey.id)
      return undefined
    },
    onSuccess: (newKey) => {
      void client.invalidateQueries({ queryKey: ['api-keys'] })
      if (newKey === undefined) onClose()
      else onCreated(newKey)
    },
  })
  const words = keysText[action]
  return (
    <ConfirmDialog
      title={words.title(apiKey.name)}
      action={words.action}
      keep={words.keep}
      busy={work.isPending}
      onConfirm={() => work.mutate()}
      onClose={onClose}
    >
      <p>{words.text}</p>
      {action === 'rotate' && (
        <Field label={keysText.rotate.overlap}>
          {(ids) => (
            <select {...ids} value={overlap} onChange={({ target }) => setOverlap(target.value)}>
              {Object.entries(keysText.rotate.overlaps).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {work.error !== null && <ErrorMessage error={work.error} />}
    </ConfirmDialog>
  )
}
