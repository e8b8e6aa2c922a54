// Whether an endpoint is told of anything, and whether it answers.
import type { Endpoint } from '../../api.ts'
import { t } from '../../strings.ts'

export function EndpointState({ of: { enabled, failingSince } }: { readonly of: Endpoint }) {
  if (!enabled) return <span className="status canceled">{t.webhooks.off}</span>
  if (failingSince !== null) return <span className="status bad">{t.webhooks.failing}</span>
  return <span className="status good">{t.webhooks.on}</span>
}
