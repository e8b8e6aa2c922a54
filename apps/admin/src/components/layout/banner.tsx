// Says that the service cannot be reached, for as long as that is so.
import { useQueryClient } from '@tanstack/react-query'
import type { Readiness } from '@waybill/shared/contract/health.ts'
import { useEffect, useRef } from 'react'
import { type Connection, connection } from '../../data/connection.ts'
import { useStore } from '../../data/store.ts'
import { connectionText } from '../../strings/connection.ts'
import { Button } from '../controls/button.tsx'
import { announce } from './announcer.tsx'

/** Milliseconds between two looks whether it is back, where nothing else asks. */
const INTERVAL = 2_000

export function ConnectionBanner() {
  const state = useStore(connection)
  const client = useQueryClient()
  const was = useRef(state)
  useEffect(() => {
    if (was.current !== 'ok' && state === 'ok') {
      announce(connectionText.restored)
      // What failed meanwhile is asked again at once, not when its pause is over.
      void client.cancelQueries().then(() => client.invalidateQueries())
    }
    was.current = state
  }, [state, client])

  const look = () => {
    // A query that failed is asked again, and then knows better: this is for where only an action has failed.
    if (state === 'away' && client.isFetching() > 0) return
    void isBack(state).then((isSo) => isSo && connection.get() === state && connection.set('ok'))
  }
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
      <span>{state === 'lost' ? connectionText.lost : connectionText.unavailable}</span>
      <Button variant="quiet" onClick={() => void client.cancelQueries().then(() => client.invalidateQueries())}>
        {connectionText.retryNow}
      </Button>
    </div>
  )
}

async function isBack(since: Connection): Promise<boolean> {
  try {
    const response = await fetch(since === 'lost' ? '/healthz' : '/readyz', { cache: 'no-store' })
    if (response.ok || since === 'lost') return response.ok
    // Something else that it needs may be away for longer.
    const { dependencies } = (await response.json()) as Readiness
    return dependencies?.database === 'ok'
  } catch {
    return false // neither: it is looked again
  }
}
