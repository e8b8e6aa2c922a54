// A modal dialog. It is the browser's own element, which keeps the focus inside and closes on Escape.
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { Button } from './button.tsx'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  /** Escape does not close it. For content that cannot be shown again. */
  readonly staysOpen?: boolean
  readonly children: ReactNode
}

/** The dialog is open while it is mounted. */
export function Dialog({ title, onClose, staysOpen = false, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    ref.current?.showModal()
  }, [])
  return (
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      closedby={staysOpen ? 'none' : 'closerequest'}
      // For browsers that do not support `closedby` yet.
      onCancel={(event) => staysOpen && event.preventDefault()}
      onClose={onClose}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  )
}

interface ConfirmDialogProps extends Omit<DialogProps, 'staysOpen'> {
  readonly action: string
  readonly keep: string
  readonly busy: boolean
  readonly onConfirm: () => void
}

/** Asks for confirmation of an action that cannot be undone. */
export function ConfirmDialog({ title, children, action, keep, busy, onConfirm, onClose }: ConfirmDialogProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="body">{children}</div>
      <div className="actions">
        <Button onClick={onClose}>{keep}</Button>
        <Button variant="danger" busy={busy} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  )
}
