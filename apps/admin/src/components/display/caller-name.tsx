// The name of a caller, with a mark when it comes from the identity provider and not from an API key.
import type { ActorKind } from '@waybill/shared/vocabulary/caller-kind.ts'
import { componentText } from '../../strings/components.ts'

interface CallerNameProps {
  readonly name: string
  readonly kind: ActorKind
}

export function CallerName({ name, kind }: CallerNameProps) {
  if (kind !== 'oidc') return name
  return (
    <>
      {name}{' '}
      <span className="kind" title={componentText.oidcHint}>
        {componentText.oidc}
      </span>
    </>
  )
}
