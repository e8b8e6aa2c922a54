// The view for users of the identity provider who have no role in Waybill.

import { Button } from '../components/controls/button.tsx'
import { Brand } from '../components/layout/brand.tsx'
import { useHeadingFocus } from '../components/layout/use-heading-focus.ts'
import { endSession } from '../data/session.ts'
import { signInText } from '../strings/sign-in.ts'

export function Rejected() {
  const heading = useHeadingFocus()
  return (
    <main className="sign-in" id="main">
      <div className="panel">
        <Brand />
        <h1 ref={heading} tabIndex={-1}>
          {signInText.failed}
        </h1>
        <p>{signInText.rejected}</p>
        <Button onClick={() => endSession('left')}>{signInText.again}</Button>
      </div>
    </main>
  )
}
