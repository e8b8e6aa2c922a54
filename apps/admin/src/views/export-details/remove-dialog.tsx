// Confirms and performs the deletion of the file.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api.ts'
import { ConfirmDialog } from '../../components/controls/dialog.tsx'
import { ErrorMessage } from '../../components/display/notice.tsx'
import { detailsText } from '../../strings/export-details.ts'

interface RemoveDialogProps {
  readonly exportId: string
  readonly onClose: () => void
}

export function RemoveDialog({ exportId, onClose }: RemoveDialogProps) {
  const client = useQueryClient()
  const removal = useMutation({
    mutationFn: () => api.exports.remove(exportId),
    onSuccess: async () => {
      onClose()
      await client.invalidateQueries({ queryKey: ['export', exportId] })
      await client.invalidateQueries({ queryKey: ['exports'] })
    },
  })
  const words = detailsText.confirmRemove
  return (
    <ConfirmDialog
      title={words.title}
      action={words.action}
      keep={words.keep}
      busy={removal.isPending}
      onConfirm={() => removal.mutate()}
      onClose={onClose}
    >
      <p>{words.text}</p>
      {removal.error !== null && <ErrorMessage error={removal.error} />}
    </ConfirmDialog>
  )
}
