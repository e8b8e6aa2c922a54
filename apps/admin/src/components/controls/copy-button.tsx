// A button that copies, and says so.
import { useEffect, useState } from 'react'
import { t } from '../../strings.ts'
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
      () => t.copy.done,
      () => t.copy.failed,
    )
    setSaid(outcome)
    announce(outcome)
  }
  return (
    <Button
      look="quiet"
      icon={said === t.copy.done ? 'check' : 'copy'}
      aria-label={describedAs}
      onClick={() => void copy()}
    >
      {said ?? label}
    </Button>
  )
}
