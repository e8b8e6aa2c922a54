// Announces changes to screen readers without moving the focus.
import { createStore, useStore } from '../../data/store.ts'

const message = createStore('')

export function announce(text: string): void {
  // Screen readers do not read an unchanged text again.
  message.set(message.get() === text ? `${text}\u00a0` : text)
}

export function Announcer() {
  return (
    <div className="visually-hidden" aria-live="polite" role="status">
      {useStore(message)}
    </div>
  )
}
