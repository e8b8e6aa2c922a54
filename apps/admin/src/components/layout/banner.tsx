// A banner that is shown while the service cannot be reached.
import { useQueryClient } from '@tanstack/react-query'
import type { Readiness } from '@waybill/shared/contract/health.ts'
import { useEffect, useRef } from 'react'
import { type Connection, connection } from '../../data/connection.ts'
import { useStore } from '../../data/store.ts'
import { connectionText } from '../../strings/connection.ts'
import { Button } from '../controls/button.tsx'
import { announce } from './announcer.tsx'

/** How often the banner checks the service by itself, when no query does. */
const CHECK_INTERVAL_MS = 2_000

export function ConnectionBanner() {
  const state = useStore(connection)
  const client = useQueryClient()
  const previous = useRef(state)
  useEffect(() => {
    if (previous.current !== 'ok' && state === 'ok') {
      announce(connectionText.restored)
      // Repeat failed queries now; their own retry may be seconds away.
      void client.cancelQueries().then(() => client.invalidateQueries())
    }
    previous.current = state
  }, [state, client])

  const check = () => {
    // A failed query retries and updates the state. This check is for views where only an action failed.
    if (state === 'unavailable' && client.isFetching() > 0) return
    void isReachable(state).then((isRestored) => isRestored && connection.get() === state && connection.set('ok'))
  }
  useEffect(() => {
    if (state === 'ok') return
    const timer = setInterval(check, CHECK_INTERVAL_MS)
    addEventListener('online', check)
    return () => {
      clearInterval(timer)
      removeEventListener('online', check)
    }
  })
  if (state === 'ok') return null
  return (
    <div className="banner" role="alert">
      <span className="pulse" aria-hidden="true" />
      <span>{state === 'lost' ? connectionText.lost : connectionText.unavailable}</span>
      <Button variant="quiet" onClick={() => void client.cancelQueries().then(() => client.invalidateQueries())}>
        {connectionText.retryNow}
      </Button>
    </div>
  )
}

async function isReachable(since: Connection): Promise<boolean> {
  try {
    const response = await fetch(since === 'lost' ? '/healthz' : '/readyz', { cache: 'no-store' })
    if (response.ok || since === 'lost') return response.ok
    // Another dependency may still be unavailable; only the database matters here.
    const { dependencies } = (await response.json()) as Readiness
    return dependencies?.database === 'ok'
  } catch {
    return false // still unreachable: the timer checks again
  }
}
