// A dialog that shows a new secret once, to be copied.
import { componentText } from '../../strings/components.ts'
import { Button } from './button.tsx'
import { CopyButton } from './copy-button.tsx'
import { Dialog } from './dialog.tsx'

interface SecretDialogProps {
  readonly title: string
  readonly text: string
  readonly copy: string
  readonly secret: string
  readonly onClose: () => void
}

export function SecretDialog({ title, text, copy, secret, onClose }: SecretDialogProps) {
  return (
    <Dialog title={title} onClose={onClose} staysOpen>
      <div className="body">
        <p>{text}</p>
        <div className="secret">
          <code>{secret}</code>
          <CopyButton text={secret} label={copy} />
        </div>
      </div>
      <div className="actions">
        <Button variant="primary" onClick={onClose}>
          {componentText.secretSaved}
        </Button>
      </div>
    </Dialog>
  )
}
