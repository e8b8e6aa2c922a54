// The status of an endpoint: enabled, failing or disabled.
import type { Endpoint } from '../../api.ts'
import { webhooksText } from '../../strings/webhooks.ts'

/** One failed attempt is retried within seconds. An endpoint that fails for this long needs a person. */
const FAILING_AFTER_MS = 10 * 60_000

export function EndpointState({ endpoint: { enabled, failingSince } }: { readonly endpoint: Endpoint }) {
  if (!enabled) return <span className="status canceled">{webhooksText.disabled}</span>
  if (failingSince !== null) {
    const isLong = Date.now() - Date.parse(failingSince) >= FAILING_AFTER_MS
    return (
      <span className={`status ${isLong ? 'bad' : 'running'}`}>
        {isLong ? webhooksText.failing : webhooksText.retrying}
      </span>
    )
  }
  return <span className="status good">{webhooksText.enabled}</span>
}
