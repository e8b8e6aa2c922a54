// Signing in: with an API key, or with the organisation's provider where one is configured.
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api } from '../api.ts'
import { Button } from '../components/controls/button.tsx'
import { Field } from '../components/controls/field.tsx'
import { Fault } from '../components/display/notice.tsx'
import { Brand } from '../components/layout/brand.tsx'
import { useHeadingFocus } from '../components/layout/heading.ts'
import { ApiProblem } from '../data/problem.ts'
import { queries } from '../data/queries.ts'
import { type SignedOut, startSession } from '../data/session.ts'
import { t } from '../strings.ts'

export function SignIn({ reason }: { readonly reason: SignedOut }) {
  const [key, setKey] = useState('')
  const heading = useHeadingFocus()
  const oidc = useQuery(queries.oidc())
  const withKey = useMutation({
    mutationFn: (token: string) => api.me(token),
    onSuccess: (_me, token) => startSession({ token }),
  })
  const withProvider = useMutation({
    mutationFn: async () => {
      if (oidc.data === undefined || oidc.data === null) return
      const { leaveForProvider } = await import('../data/oidc.ts')
      await leaveForProvider(oidc.data)
    },
  })
  const isWrong = withKey.error instanceof ApiProblem && withKey.error.status === 401
  const submit = (event: FormEvent) => {
    event.preventDefault()
    withKey.mutate(key.trim())
  }
  return (
    <main className="sign-in" id="main">
      <title>{`${t.signIn.title} · ${t.brand}`}</title>
      <div className="panel">
        <Brand />
        <h1 ref={heading} tabIndex={-1}>
          {t.signIn.title}
        </h1>
        <p className="lead">{t.signIn.lead}</p>
        {reason === 'expired' && (
          <p className="note" role="status">
            {t.signIn.expired}
          </p>
        )}
        {oidc.data !== undefined && oidc.data !== null && (
          <>
            <Button look="primary" busy={withProvider.isPending} onClick={() => withProvider.mutate()}>
              {t.signIn.oidc}
            </Button>
            {withProvider.error !== null && <Fault error={withProvider.error} />}
            <p className="or">{t.signIn.or}</p>
          </>
        )}
        <form onSubmit={submit}>
          <Field label={t.signIn.key} hint={t.signIn.keyHint} error={isWrong ? t.signIn.wrongKey : undefined}>
            {(ids) => (
              <input
                {...ids}
                type="password"
                name="key"
                autoComplete="off"
                spellCheck={false}
                required
                value={key}
                onChange={({ target }) => setKey(target.value)}
              />
            )}
          </Field>
          {withKey.error !== null && !isWrong && <Fault error={withKey.error} />}
          <Button type="submit" look={oidc.data ? 'plain' : 'primary'} busy={withKey.isPending}>
            {t.signIn.submit}
          </Button>
        </form>
      </div>
    </main>
  )
}
