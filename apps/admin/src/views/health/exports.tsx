// The exports that run now, and those that failed lately.
import { ERRORS } from '@waybill/shared/vocabulary/errors.ts'
import { Link } from 'wouter'
import type { System } from '../../api.ts'
import { Moment } from '../../components/display/moment.tsx'
import { t } from '../../strings.ts'
import { formatNumber } from '../../text/quantities.ts'

export function Running({ of: running }: { readonly of: System['running'] }) {
  const words = t.health.columns
  return (
    <section>
      <h2>{t.health.running}</h2>
      {running.length === 0 ? (
        <p className="none">{t.health.noneRunning}</p>
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">{words.export}</th>
              <th scope="col">{words.progress}</th>
              <th scope="col">{words.worker}</th>
              <th scope="col">{words.by}</th>
              <th scope="col">{words.since}</th>
            </tr>
          </thead>
          <tbody>
            {running.map((one) => (
              <tr key={one.id}>
                <td className="what">
                  <Link to={`/exports/${one.id}`}>{one.dataset}</Link>
                </td>
                <td data-label={words.progress}>
                  {one.progress.percent === null ? '' : `${t.progress.percent(one.progress.percent)} · `}
                  {t.progress.rows(formatNumber(one.progress.rows))}
                </td>
                <td className="soft" data-label={words.worker}>
                  {one.worker?.replace(/^worker:/, '') ?? t.none}
                </td>
                <td className="soft" data-label={words.by}>
                  {one.requestedBy}
                </td>
                <td className="soft" data-label={words.since}>
                  {one.startedAt === null ? t.none : <Moment at={one.startedAt} as="near" />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

export function Failures({ of: failures }: { readonly of: System['failures'] }) {
  const words = t.health.columns
  return (
    <section>
      <h2>{t.health.failures}</h2>
      {failures.length === 0 ? (
        <p className="none">{t.health.noFailures}</p>
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">{words.export}</th>
              <th scope="col">{words.reason}</th>
              <th scope="col">{words.by}</th>
              <th scope="col">{words.at}</th>
            </tr>
          </thead>
          <tbody>
            {failures.map((one) => (
              <tr key={one.id}>
                <td className="what">
                  <Link to={`/exports/${one.id}`}>{one.dataset}</Link>
                </td>
                <td>
                  {titleOf(one.error.code)}
                  <code className="facts">{one.error.code}</code>
                </td>
                <td className="soft" data-label={words.by}>
                  {one.requestedBy}
                </td>
                <td className="soft" data-label={words.at}>
                  {one.finishedAt === null ? t.none : <Moment at={one.finishedAt} as="near" />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function titleOf(code: string): string {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS].title : code
}
