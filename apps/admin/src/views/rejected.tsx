// Signed in at the organisation's provider, but not allowed in here.

import { Button } from '../components/controls/button.tsx'
import { Brand } from '../components/layout/brand.tsx'
import { useHeadingFocus } from '../components/layout/heading.ts'
import { endSession } from '../data/session.ts'
import { t } from '../strings.ts'

export function Rejected() {
  const heading = useHeadingFocus()
  return (
    <main className="sign-in" id="main">
      <div className="panel">
        <Brand />
        <h1 ref={heading} tabIndex={-1}>
          {t.signIn.failed}
        </h1>
        <p>{t.signIn.rejected}</p>
        <Button onClick={() => endSession('left')}>{t.signIn.again}</Button>
      </div>
    </main>
  )
}
