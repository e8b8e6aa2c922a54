// Asks before a key is revoked or rotated, and does it.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type ApiKey, api } from '../../api.ts'
import { Confirm } from '../../components/controls/dialog.tsx'
import { Field } from '../../components/controls/field.tsx'
import { Fault } from '../../components/display/notice.tsx'
import { t } from '../../strings.ts'

export type KeyAction = 'revoke' | 'rotate'

interface KeyActionDialogProps {
  readonly action: KeyAction
  readonly of: ApiKey
  readonly onMade: (key: string) => void
  readonly onClose: () => void
}

export function KeyActionDialog({ action, of: key, onMade, onClose }: KeyActionDialogProps) {
  const [overlap, setOverlap] = useState('0s')
  const client = useQueryClient()
  const work = useMutation({
    mutationFn: async () => {
      if (action === 'rotate') return (await api.rotateApiKey(key.id, overlap)).key
      await api.revokeApiKey(key.id)
      return undefined
    },
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ['api-keys'] })
      if (made === undefined) onClose()
      else onMade(made)
    },
  })
  const words = t.keys[action]
  return (
    <Confirm
      title={words.title(key.name)}
      action={words.action}
      keep={words.keep}
      busy={work.isPending}
      onConfirm={() => work.mutate()}
      onClose={onClose}
    >
      <p>{words.text}</p>
      {action === 'rotate' && (
        <Field label={t.keys.rotate.overlap}>
          {(ids) => (
            <select {...ids} value={overlap} onChange={({ target }) => setOverlap(target.value)}>
              {Object.entries(t.keys.rotate.overlaps).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {work.error !== null && <Fault error={work.error} />}
    </Confirm>
  )
}
