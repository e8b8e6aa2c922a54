// The status of an endpoint: enabled, failing or disabled.
import type { Endpoint } from '../../api.ts'
import { webhooksText } from '../../strings/webhooks.ts'

export function EndpointState({ endpoint: { enabled, failingSince } }: { readonly endpoint: Endpoint }) {
  if (!enabled) return <span className="status canceled">{webhooksText.disabled}</span>
  if (failingSince !== null) return <span className="status bad">{webhooksText.failing}</span>
  return <span className="status good">{webhooksText.enabled}</span>
}
