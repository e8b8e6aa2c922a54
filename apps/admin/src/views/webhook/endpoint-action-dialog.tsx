// Confirms and performs the rotation of an endpoint's secret, or the deletion of the endpoint.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import { api } from '../../api.ts'
import { ConfirmDialog } from '../../components/controls/dialog.tsx'
import { ErrorMessage } from '../../components/display/notice.tsx'
import { webhooksText } from '../../strings/webhooks.ts'

export type EndpointAction = 'rotate' | 'remove'

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
      await api.webhooks.remove(endpointId)
      return undefined
    },
    onSuccess: (secret) => {
      if (secret === undefined) navigate('/webhooks')
      else onCreated(secret)
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
