// The table of API keys. Revoked and expired keys stay, because the audit trail names them.
import type { ApiKey } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { Timestamp } from '../../components/display/timestamp.tsx'
import { appText } from '../../strings/app.ts'
import { keysText } from '../../strings/keys.ts'
import type { KeyAction } from './key-action-dialog.tsx'

/** The prefix of the key that BOOTSTRAP_API_KEY defines. A new value of that setting replaces it. */
const BOOTSTRAP_PREFIX = 'bootstrap'

interface KeyTableProps {
  readonly keys: readonly ApiKey[]
  readonly onAction: (action: KeyAction, key: ApiKey) => void
}

export function KeyTable({ keys, onAction }: KeyTableProps) {
  const words = keysText.columns
  return (
    <table className="rows">
      <caption className="visually-hidden">{keysText.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col">{words.role}</th>
          <th scope="col">{words.datasets}</th>
          <th scope="col">{words.used}</th>
          <th scope="col">{words.expires}</th>
          <th scope="col">
            <span className="visually-hidden">{words.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <KeyRow key={key.id} apiKey={key} onAction={(action) => onAction(action, key)} />
        ))}
      </tbody>
    </table>
  )
}

interface KeyRowProps {
  readonly apiKey: ApiKey
  readonly onAction: (action: KeyAction) => void
}

function KeyRow({ apiKey, onAction }: KeyRowProps) {
  const words = keysText.columns
  const ended = endedState(apiKey)
  return (
    <tr className={ended === undefined ? undefined : 'ended'}>
      <td>
        <span className="what">{apiKey.name}</span>
        <code className="secondary">{apiKey.prefix}…</code>
      </td>
      <td data-label={words.role}>{appText.nav.role[apiKey.role]}</td>
      <td data-label={words.datasets}>
        {apiKey.datasets.length === 0 ? keysText.allDatasets : apiKey.datasets.join(', ')}
      </td>
      <td className="soft" data-label={words.used}>
        {apiKey.lastUsedAt === null ? keysText.never : <Timestamp at={apiKey.lastUsedAt} format="relative" />}
      </td>
      <td className="soft" data-label={words.expires}>
        {ended !== undefined ? ended : apiKey.expiresAt === null ? keysText.never : <Timestamp at={apiKey.expiresAt} />}
      </td>
      <td className="act">
        {ended === undefined && (
          <>
            {apiKey.prefix !== BOOTSTRAP_PREFIX && (
              <Button
                variant="quiet"
                aria-label={keysText.rotate.label(apiKey.name)}
                onClick={() => onAction('rotate')}
              >
                {keysText.rotate.action}
              </Button>
            )}
            <Button variant="quiet" aria-label={keysText.revoke.label(apiKey.name)} onClick={() => onAction('revoke')}>
              {keysText.revoke.action}
            </Button>
          </>
        )}
      </td>
    </tr>
  )
}

function endedState({ revokedAt, expiresAt }: ApiKey): string | undefined {
  if (revokedAt !== null) return keysText.state.revoked
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now() ? keysText.state.expired : undefined
}
