// A button that copies, and says so.
import { useEffect, useState } from 'react'
import { componentText } from '../../strings/components.ts'
import { announce } from '../layout/announcer.tsx'
import { Button } from './button.tsx'
import { copyText } from './clipboard.ts'

/** Milliseconds that it says "Copied". */
const SAID_FOR = 2_000

interface CopyButtonProps {
  readonly text: string
  readonly label: string
  /** For readers who do not see what stands beside it. */
  readonly describedAs?: string
}

export function CopyButton({ text, label, describedAs }: CopyButtonProps) {
  const [said, setSaid] = useState<string>()
  useEffect(() => {
    if (said === undefined) return
    const timer = setTimeout(() => setSaid(undefined), SAID_FOR)
    return () => clearTimeout(timer)
  }, [said])

  const copy = async () => {
    const outcome = await copyText(text).then(
      () => componentText.copied,
      () => componentText.copyFailed,
    )
    setSaid(outcome)
    announce(outcome)
  }
  return (
    <Button
      variant="quiet"
      icon={said === componentText.copied ? 'check' : 'copy'}
      aria-label={describedAs}
      onClick={() => void copy()}
    >
      {said ?? label}
    </Button>
  )
}
