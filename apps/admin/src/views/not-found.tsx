// An address that is no page.
import { ButtonLink } from '../parts/button.tsx'
import { Empty } from '../parts/notice.tsx'
import { Page } from '../parts/page.tsx'
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
