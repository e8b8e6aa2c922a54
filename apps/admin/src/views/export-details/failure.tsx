// Why an export failed, and what to do.
import { ERRORS } from '@waybill/shared/vocabulary/errors.ts'
import type { Export } from '../../api.ts'
import { t } from '../../strings.ts'

export function Failure({ of: { error } }: { readonly of: Export }) {
  if (error === undefined) return null
  const { title, happened, advice } = splitMessage(error)
  return (
    <section className="panel failure" aria-label={t.details.failed}>
      <h2>{title ?? t.details.failed}</h2>
      {happened !== `${title}.` && <p>{happened}</p>}
      <h3>{t.details.whatNow}</h3>
      {advice !== undefined && <p>{advice}</p>}
      <p>{error.retryable ? t.details.mayWork : t.details.willNotWork}</p>
      <code className="code">{error.code}</code>
    </section>
  )
}

/** The service says both in one text: what happened, then the advice that belongs to the code. */
function splitMessage({ code, message }: NonNullable<Export['error']>) {
  const kind = Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS] : undefined
  const isThere = kind !== undefined && message.endsWith(kind.advice)
  return {
    title: kind?.title,
    happened: isThere ? message.slice(0, -kind.advice.length).trim() : message,
    advice: isThere ? kind.advice : undefined,
  }
}
