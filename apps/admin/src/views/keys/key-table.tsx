// The keys in a table; those that are over stay, as the trail names them.
import type { ApiKey } from '../../api.ts'
import { Button } from '../../components/controls/button.tsx'
import { Moment } from '../../components/display/moment.tsx'
import { t } from '../../strings.ts'
import type { KeyAction } from './key-action-dialog.tsx'

interface KeyTableProps {
  readonly keys: readonly ApiKey[]
  readonly onAction: (action: KeyAction, key: ApiKey) => void
}

export function KeyTable({ keys, onAction }: KeyTableProps) {
  const words = t.keys.columns
  return (
    <table className="rows">
      <caption className="visually-hidden">{t.keys.caption}</caption>
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
          <KeyRow key={key.id} of={key} onAction={(action) => onAction(action, key)} />
        ))}
      </tbody>
    </table>
  )
}

function KeyRow({ of: key, onAction }: { readonly of: ApiKey; readonly onAction: (action: KeyAction) => void }) {
  const words = t.keys.columns
  const over = overSince(key)
  return (
    <tr className={over === undefined ? undefined : 'over'}>
      <td>
        <span className="what">{key.name}</span>
        <code className="facts">{key.prefix}…</code>
      </td>
      <td data-label={words.role}>{t.nav.role[key.role]}</td>
      <td data-label={words.datasets}>{key.datasets.length === 0 ? t.keys.allDatasets : key.datasets.join(', ')}</td>
      <td className="soft" data-label={words.used}>
        {key.lastUsedAt === null ? t.keys.never : <Moment at={key.lastUsedAt} as="near" />}
      </td>
      <td className="soft" data-label={words.expires}>
        {over !== undefined ? over : key.expiresAt === null ? t.keys.never : <Moment at={key.expiresAt} />}
      </td>
      <td className="act">
        {over === undefined && (
          <>
            <Button look="quiet" aria-label={t.keys.rotate.label(key.name)} onClick={() => onAction('rotate')}>
              {t.keys.rotate.action}
            </Button>
            <Button look="quiet" aria-label={t.keys.revoke.label(key.name)} onClick={() => onAction('revoke')}>
              {t.keys.revoke.action}
            </Button>
          </>
        )}
      </td>
    </tr>
  )
}

function overSince({ revokedAt, expiresAt }: ApiKey): string | undefined {
  if (revokedAt !== null) return t.keys.state.revoked
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now() ? t.keys.state.expired : undefined
}
