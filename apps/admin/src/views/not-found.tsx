// The view for an unknown address.
import { ButtonLink } from '../components/controls/button.tsx'
import { EmptyState } from '../components/display/notice.tsx'
import { Page } from '../components/layout/page.tsx'
import { appText } from '../strings/app.ts'

export function NotFound() {
  return (
    <Page title={appText.notFound.title}>
      <EmptyState title={appText.notFound.title} text={appText.notFound.text}>
        <ButtonLink to="/">{appText.notFound.back}</ButtonLink>
      </EmptyState>
    </Page>
  )
}
