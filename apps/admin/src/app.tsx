// The root component: sign-in, or the view of the current address.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { WaybillError } from '@waybill/client'
import { useEffect } from 'react'
import { Route, Switch, useLocation, useSearch } from 'wouter'
import { Announcer } from './components/layout/announcer.tsx'
import { ConnectionBanner } from './components/layout/banner.tsx'
import { ErrorBoundary } from './components/layout/error-boundary.tsx'
import { Shell } from './components/layout/shell.tsx'
import { CALLBACK_PATH } from './data/oidc-config.ts'
import { queries } from './data/queries.ts'
import { sessionStore } from './data/session.ts'
import { useStore } from './data/store.ts'
import { Audit } from './views/audit.tsx'
import { Callback } from './views/callback.tsx'
import { ExportDetails } from './views/export-details.tsx'
import { Exports } from './views/exports.tsx'
import { Health } from './views/health.tsx'
import { Keys } from './views/keys.tsx'
import { forgetDraft } from './views/new-export/use-draft.ts'
import { NewExport } from './views/new-export.tsx'
import { NotFound } from './views/not-found.tsx'
import { Rejected } from './views/rejected.tsx'
import { SignIn } from './views/sign-in.tsx'
import { Webhook } from './views/webhook.tsx'
import { Webhooks } from './views/webhooks.tsx'

export function App() {
  const { session, signedOut } = useStore(sessionStore)
  const client = useQueryClient()
  const token = session?.token
  useEffect(() => {
    if (token !== undefined) return
    // The next user must not see the data of this one.
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'oidc' })
    // Keep the draft when a session expires, so that the user can continue. Discard it on sign-out.
    if (signedOut === 'left') forgetDraft()
  }, [token, signedOut, client])
  return (
    <>
      <ConnectionBanner />
      <Switch>
        <Route path={CALLBACK_PATH} component={Callback} />
        <Route>{session === undefined ? <SignIn reason={signedOut} /> : <Views />}</Route>
      </Switch>
      <Announcer />
    </>
  )
}

function Views() {
  const { error } = useQuery(queries.me())
  const [path] = useLocation()
  const search = useSearch()
  // The sign-in at the identity provider succeeded, but the user has no role in Waybill.
  if (error instanceof WaybillError && error.status === 403) return <Rejected />
  return (
    <Shell>
      <ErrorBoundary place={`${path}?${search}`}>
        <Switch>
          <Route path="/" component={Exports} />
          <Route path="/new" component={NewExport} />
          <Route path="/exports/:id">{({ id }) => <ExportDetails key={id} id={id} />}</Route>
          <Route path="/webhooks" component={Webhooks} />
          <Route path="/webhooks/:id">{({ id }) => <Webhook key={id} id={id} />}</Route>
          <Route path="/keys" component={Keys} />
          <Route path="/audit" component={Audit} />
          <Route path="/health" component={Health} />
          <Route component={NotFound} />
        </Switch>
      </ErrorBoundary>
    </Shell>
  )
}
