// Why an export failed, and what to do.
import { ERRORS } from '@waybill/shared/vocabulary/errors.ts'
import type { Export } from '../../api.ts'
import { detailsText } from '../../strings/export-details.ts'

export function Failure({ error }: { readonly error: Export['error'] }) {
  if (error === undefined) return null
  const { title, happened, advice } = splitMessage(error)
  return (
    <section className="panel failure" aria-label={detailsText.failed}>
      <h2>{title ?? detailsText.failed}</h2>
      {happened !== `${title}.` && <p>{happened}</p>}
      <h3>{detailsText.whatNow}</h3>
      {advice !== undefined && <p>{advice}</p>}
      <p>{error.retryable ? detailsText.temporary : detailsText.permanent}</p>
      <code className="code">{error.code}</code>
    </section>
  )
}

/** The service sends one text: what happened, followed by the advice of the error code. */
function splitMessage({ code, message }: NonNullable<Export['error']>) {
  const kind = Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS] : undefined
  const hasAdvice = kind !== undefined && message.endsWith(kind.advice)
  return {
    title: kind?.title,
    happened: hasAdvice ? message.slice(0, -kind.advice.length).trim() : message,
    advice: hasAdvice ? kind.advice : undefined,
  }
}
