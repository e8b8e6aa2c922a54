// Says that the service cannot be reached, for as long as that is so.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { connection } from '../data/connection.ts'
import { useStore } from '../data/store.ts'
import { t } from '../strings.ts'
import { announce } from './announcer.tsx'
import { Button } from './button.tsx'

/** Milliseconds between two looks whether it is back, where nothing else asks. */
const INTERVAL = 2_000

export function ConnectionBanner() {
  const state = useStore(connection)
  const client = useQueryClient()
  const was = useRef(state)
  useEffect(() => {
    if (was.current !== 'ok' && state === 'ok') {
      announce(t.connection.back)
      // What failed meanwhile is asked again at once, not when its pause is over.
      void client.cancelQueries().then(() => client.invalidateQueries())
    }
    was.current = state
  }, [state, client])

  const look = () =>
    void fetch('/healthz', { cache: 'no-store' }).then(
      ({ ok }) => ok && state === 'lost' && connection.set('ok'),
      () => undefined,
    )
  useEffect(() => {
    if (state === 'ok') return
    const timer = setInterval(look, INTERVAL)
    addEventListener('online', look)
    return () => {
      clearInterval(timer)
      removeEventListener('online', look)
    }
  })
  if (state === 'ok') return null
  return (
    <div className="banner" role="alert">
      <span className="pulse" aria-hidden="true" />
      <span>{state === 'lost' ? t.connection.lost : t.connection.away}</span>
      <Button look="quiet" onClick={() => void client.cancelQueries().then(() => client.invalidateQueries())}>
        {t.connection.tryNow}
      </Button>
    </div>
  )
}
