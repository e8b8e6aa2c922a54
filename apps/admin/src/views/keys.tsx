// The API keys view: the table, and the dialogs to create, rotate and revoke keys.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApiKey } from '../api.ts'
import { Button } from '../components/controls/button.tsx'
import { SecretDialog } from '../components/controls/secret-dialog.tsx'
import { EmptyState, ErrorMessage, Loading } from '../components/display/notice.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { keysText } from '../strings/keys.ts'
import { type KeyAction, KeyActionDialog } from './keys/key-action-dialog.tsx'
import { KeyTable } from './keys/key-table.tsx'
import { NewKeyDialog } from './keys/new-key-dialog.tsx'

type Open =
  | { readonly kind: 'new' }
  | { readonly kind: KeyAction; readonly apiKey: ApiKey }
  | { readonly kind: 'created'; readonly key: string }

export function Keys() {
  const [open, setOpen] = useState<Open>()
  const { data, error, refetch } = useQuery(queries.apiKeys())
  const close = () => setOpen(undefined)
  const showKey = (key: string) => setOpen({ kind: 'created', key })
  return (
    <Page
      title={keysText.title}
      lead={keysText.lead}
      actions={
        <Button variant="primary" icon="plus" onClick={() => setOpen({ kind: 'new' })}>
          {keysText.create}
        </Button>
      }
    >
      {error !== null && data === undefined ? (
        <ErrorMessage error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : data.length === 0 ? (
        <EmptyState {...keysText.empty} />
      ) : (
        <KeyTable keys={data} onAction={(kind, apiKey) => setOpen({ kind, apiKey })} />
      )}
      {open?.kind === 'new' && <NewKeyDialog onCreated={showKey} onClose={close} />}
      {(open?.kind === 'revoke' || open?.kind === 'rotate') && (
        <KeyActionDialog action={open.kind} apiKey={open.apiKey} onCreated={showKey} onClose={close} />
      )}
      {open?.kind === 'created' && (
        <SecretDialog
          title={keysText.created.title}
          text={keysText.created.text}
          copy={keysText.created.copy}
          secret={open.key}
          onClose={close}
        />
      )}
    </Page>
  )
}
