// API keys: which there are, and making, rotating and revoking them.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApiKey } from '../api.ts'
import { Button } from '../components/controls/button.tsx'
import { Secret } from '../components/controls/secret.tsx'
import { Empty, Fault, Loading } from '../components/display/notice.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { t } from '../strings.ts'
import { type KeyAction, KeyActionDialog } from './keys/key-action-dialog.tsx'
import { KeyTable } from './keys/key-table.tsx'
import { NewKeyDialog } from './keys/new-key-dialog.tsx'

type Open =
  | { readonly kind: 'new' }
  | { readonly kind: KeyAction; readonly of: ApiKey }
  | { readonly kind: 'made'; readonly key: string }

export function Keys() {
  const [open, setOpen] = useState<Open>()
  const { data, error, refetch } = useQuery(queries.apiKeys())
  const close = () => setOpen(undefined)
  const showKey = (key: string) => setOpen({ kind: 'made', key })
  return (
    <Page
      title={t.keys.title}
      lead={t.keys.lead}
      actions={
        <Button look="primary" icon="plus" onClick={() => setOpen({ kind: 'new' })}>
          {t.keys.create}
        </Button>
      }
    >
      {error !== null && data === undefined ? (
        <Fault error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : data.length === 0 ? (
        <Empty {...t.keys.empty} />
      ) : (
        <KeyTable keys={data} onAction={(kind, of) => setOpen({ kind, of })} />
      )}
      {open?.kind === 'new' && <NewKeyDialog onMade={showKey} onClose={close} />}
      {(open?.kind === 'revoke' || open?.kind === 'rotate') && (
        <KeyActionDialog action={open.kind} of={open.of} onMade={showKey} onClose={close} />
      )}
      {open?.kind === 'made' && (
        <Secret
          title={t.keys.made.title}
          text={t.keys.made.text}
          copy={t.keys.made.copy}
          secret={open.key}
          onClose={close}
        />
      )}
    </Page>
  )
}
