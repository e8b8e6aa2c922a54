// The sign-in view: with an API key, or with the identity provider if one is configured.
import { useMutation, useQuery } from '@tanstack/react-query'
import { WaybillError } from '@waybill/client'
import { type FormEvent, useState } from 'react'
import { readCaller } from '../api.ts'
import { Button } from '../components/controls/button.tsx'
import { Field } from '../components/controls/field.tsx'
import { ErrorMessage } from '../components/display/notice.tsx'
import { Brand } from '../components/layout/brand.tsx'
import { useHeadingFocus } from '../components/layout/use-heading-focus.ts'
import { queries } from '../data/queries.ts'
import { type SignedOut, startSession } from '../data/session.ts'
import { appText } from '../strings/app.ts'
import { signInText } from '../strings/sign-in.ts'

export function SignIn({ reason }: { readonly reason: SignedOut }) {
  const [key, setKey] = useState('')
  const heading = useHeadingFocus()
  const oidc = useQuery(queries.oidc())
  const withKey = useMutation({
    mutationFn: (token: string) => readCaller(token),
    onSuccess: (_me, token) => startSession({ token }),
  })
  const withProvider = useMutation({
    mutationFn: async () => {
      if (oidc.data === undefined || oidc.data === null) return
      const { leaveForProvider } = await import('../data/oidc.ts')
      await leaveForProvider(oidc.data)
    },
  })
  const isWrong = withKey.error instanceof WaybillError && withKey.error.status === 401
  const submit = (event: FormEvent) => {
    event.preventDefault()
    withKey.mutate(key.trim())
  }
  return (
    <main className="sign-in" id="main">
      <title>{`${signInText.title} · ${appText.brand}`}</title>
      <div className="panel">
        <Brand />
        <h1 ref={heading} tabIndex={-1}>
          {signInText.title}
        </h1>
        <p className="lead">{signInText.lead}</p>
        {reason === 'expired' && (
          <p className="note" role="status">
            {signInText.expired}
          </p>
        )}
        {oidc.data !== undefined && oidc.data !== null && (
          <>
            <Button variant="primary" busy={withProvider.isPending} onClick={() => withProvider.mutate()}>
              {signInText.oidc}
            </Button>
            {withProvider.error !== null && <ErrorMessage error={withProvider.error} />}
            <p className="or">{signInText.or}</p>
          </>
        )}
        <form onSubmit={submit}>
          <Field label={signInText.key} hint={signInText.keyHint} error={isWrong ? signInText.wrongKey : undefined}>
            {(ids) => (
              <input
                {...ids}
                type="password"
                name="key"
                autoComplete="off"
                spellCheck={false}
                // biome-ignore lint/a11y/noAutofocus: the key is the only input of this view
                autoFocus
                required
                value={key}
                onChange={({ target }) => setKey(target.value)}
              />
            )}
          </Field>
          {withKey.error !== null && !isWrong && <ErrorMessage error={withKey.error} />}
          <Button type="submit" variant={oidc.data ? 'plain' : 'primary'} busy={withKey.isPending}>
            {signInText.submit}
          </Button>
        </form>
      </div>
    </main>
  )
}
