// Signed in at the organisation's provider, but not allowed in here.
import { endSession } from '../data/session.ts'
import { Brand } from '../parts/brand.tsx'
import { Button } from '../parts/button.tsx'
import { t } from '../strings.ts'

export function Rejected() {
  return (
    <main className="sign-in" id="main">
      <div className="panel">
        <Brand />
        <h1>{t.signIn.failed}</h1>
        <p>{t.signIn.rejected}</p>
        <Button onClick={() => endSession('left')}>{t.signIn.again}</Button>
      </div>
    </main>
  )
}
