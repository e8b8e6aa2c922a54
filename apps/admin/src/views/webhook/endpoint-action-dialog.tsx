// Confirms and performs an action on an endpoint: rotate its secret, disable it, or delete it.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import { api } from '../../api.ts'
import { ConfirmDialog } from '../../components/controls/dialog.tsx'
import { ErrorMessage } from '../../components/display/notice.tsx'
import { webhooksText } from '../../strings/webhooks.ts'

export type EndpointAction = 'rotate' | 'disable' | 'remove'

interface EndpointActionDialogProps {
  readonly action: EndpointAction
  readonly endpointId: string
  readonly onCreated: (secret: string) => void
  readonly onClose: () => void
}

export function EndpointActionDialog({ action, endpointId, onCreated, onClose }: EndpointActionDialogProps) {
  const [, navigate] = useLocation()
  const client = useQueryClient()
  const work = useMutation({
    mutationFn: async () => {
      if (action === 'rotate') return (await api.webhooks.rotateSecret(endpointId)).secret
      if (action === 'disable') await api.webhooks.change(endpointId, { enabled: false })
      else await api.webhooks.remove(endpointId)
      return undefined
    },
    onSuccess: (secret) => {
      if (secret !== undefined) onCreated(secret)
      else if (action === 'remove') navigate('/webhooks')
      else onClose()
      return client.invalidateQueries({ queryKey: ['endpoints'] })
    },
  })
  const words = webhooksText[action]
  return (
    <ConfirmDialog
      title={words.title}
      action={words.action}
      keep={words.keep}
      busy={work.isPending}
      onConfirm={() => work.mutate()}
      onClose={onClose}
    >
      <p>{words.text}</p>
      {work.error !== null && <ErrorMessage error={work.error} />}
    </ConfirmDialog>
  )
}
