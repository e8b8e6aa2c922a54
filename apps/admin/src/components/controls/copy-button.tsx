// A button that copies text and confirms it.
import { useEffect, useState } from 'react'
import { componentText } from '../../strings/components.ts'
import { announce } from '../layout/announcer.tsx'
import { Button } from './button.tsx'
import { copyText } from './clipboard.ts'

/** How long the button shows "Copied". */
const CONFIRMATION_MS = 2_000

interface CopyButtonProps {
  readonly text: string
  readonly label: string
  /** The accessible name, where the label alone does not say what is copied. */
  readonly describedAs?: string
}

export function CopyButton({ text, label, describedAs }: CopyButtonProps) {
  const [confirmation, setConfirmation] = useState<string>()
  useEffect(() => {
    if (confirmation === undefined) return
    const timer = setTimeout(() => setConfirmation(undefined), CONFIRMATION_MS)
    return () => clearTimeout(timer)
  }, [confirmation])

  const copy = async () => {
    const outcome = await copyText(text).then(
      () => componentText.copied,
      () => componentText.copyFailed,
    )
    setConfirmation(outcome)
    announce(outcome)
  }
  return (
    <Button
      variant="quiet"
      icon={confirmation === componentText.copied ? 'check' : 'copy'}
      aria-label={describedAs}
      onClick={() => void copy()}
    >
      <span className="swap">
        <span aria-hidden={confirmation !== undefined}>{label}</span>
        {confirmation !== undefined && <span>{confirmation}</span>}
      </span>
    </Button>
  )
}
