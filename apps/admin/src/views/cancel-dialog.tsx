// Confirms and performs the cancellation of an export.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '../api.ts'
import { ConfirmDialog } from '../components/controls/dialog.tsx'
import { ErrorMessage } from '../components/display/notice.tsx'
import { detailsText } from '../strings/export-details.ts'

interface CancelDialogProps {
  readonly exportId: string
  readonly onClose: () => void
}

export function CancelDialog({ exportId, onClose }: CancelDialogProps) {
  const client = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => api.exports.cancel(exportId),
    onSuccess: () => onClose(),
    // Also after an error: the export may have ended in the meantime.
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['export', exportId] }),
        client.invalidateQueries({ queryKey: ['exports'] }),
      ]),
  })
  const words = detailsText.confirmCancel
  return (
    <ConfirmDialog
      title={words.title}
      action={words.action}
      keep={words.keep}
      busy={cancel.isPending}
      onConfirm={() => cancel.mutate()}
      onClose={onClose}
    >
      <p>{words.text}</p>
      {cancel.error !== null && <ErrorMessage error={cancel.error} />}
    </ConfirmDialog>
  )
}
