// Tells screen readers what changed without a change of focus.
import { createStore, useStore } from '../../data/store.ts'

const message = createStore('')

export function announce(text: string): void {
  // The same words twice would not be read again.
  message.set(message.get() === text ? `${text}\u00a0` : text)
}

export function Announcer() {
  return (
    <div className="visually-hidden" aria-live="polite" role="status">
      {useStore(message)}
    </div>
  )
}
