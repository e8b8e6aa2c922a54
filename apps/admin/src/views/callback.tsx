// The redirect address of the identity provider: finishes the sign-in and returns to the earlier view.
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useLocation } from 'wouter'
import { ButtonLink } from '../components/controls/button.tsx'
import { ErrorMessage, Loading } from '../components/display/notice.tsx'
import { useHeadingFocus } from '../components/layout/use-heading-focus.ts'
import { readOidcConfig } from '../data/oidc-config.ts'
import { signInText } from '../strings/sign-in.ts'

/** The authorization code works once, and React may run an effect twice. */
let finishing: Promise<string> | undefined

async function finish(): Promise<string> {
  const config = await readOidcConfig()
  if (config === null) throw new Error(signInText.notConfigured)
  const { finishSignIn } = await import('../data/oidc.ts')
  return finishSignIn(config)
}

export function Callback() {
  const [, navigate] = useLocation()
  const heading = useHeadingFocus()
  const { mutate, error } = useMutation({
    mutationFn: () => {
      finishing ??= finish().finally(() => {
        finishing = undefined
      })
      return finishing
    },
    onSuccess: (returnTo) => navigate(returnTo, { replace: true }),
  })
  useEffect(() => mutate(), [mutate])
  return (
    <main className="sign-in" id="main">
      <div className="panel">
        <h1 ref={heading} tabIndex={-1}>
          {error === null ? signInText.finishing : signInText.failed}
        </h1>
        {error === null ? (
          <Loading />
        ) : (
          <>
            <ErrorMessage error={error} />
            <ButtonLink to="/">{signInText.again}</ButtonLink>
          </>
        )}
      </div>
    </main>
  )
}
