// An address that is no page.
import { ButtonLink } from '../components/controls/button.tsx'
import { Empty } from '../components/display/notice.tsx'
import { Page } from '../components/layout/page.tsx'
import { t } from '../strings.ts'

export function NotFound() {
  return (
    <Page title={t.notFound.title}>
      <Empty title={t.notFound.title} text={t.notFound.text}>
        <ButtonLink to="/">{t.notFound.back}</ButtonLink>
      </Empty>
    </Page>
  )
}
