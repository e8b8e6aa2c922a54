// A modal dialog: the browser's own, which keeps the focus inside and closes by Escape.
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { Button } from './button.tsx'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  /** Not by Escape: what it shows is not shown again. */
  readonly staysOpen?: boolean
  readonly children: ReactNode
}

/** Open for as long as it is there. */
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
      // For browsers that do not know `closedby` yet.
      onCancel={(event) => staysOpen && event.preventDefault()}
      onClose={onClose}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  )
}

interface ConfirmProps extends Omit<DialogProps, 'staysOpen'> {
  readonly action: string
  readonly keep: string
  readonly busy: boolean
  readonly onConfirm: () => void
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, children, action, keep, busy, onConfirm, onClose }: ConfirmProps) {
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
