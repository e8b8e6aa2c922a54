// The running exports and the recent failures.
import { ERRORS } from '@waybill/shared/vocabulary/errors.ts'
import { Link } from 'wouter'
import type { System } from '../../api.ts'
import { CallerName } from '../../components/display/caller-name.tsx'
import { Timestamp } from '../../components/display/timestamp.tsx'
import { componentText } from '../../strings/components.ts'
import { progressText } from '../../strings/export.ts'
import { healthText } from '../../strings/health.ts'
import { formatNumber } from '../../text/quantities.ts'

export function Running({ running }: { readonly running: System['running'] }) {
  const words = healthText.columns
  return (
    <section>
      <h2>{healthText.running}</h2>
      {running.length === 0 ? (
        <p className="none">{healthText.noneRunning}</p>
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">{words.export}</th>
              <th scope="col">{words.progress}</th>
              <th scope="col">{words.worker}</th>
              <th scope="col">{words.by}</th>
              <th scope="col">{words.started}</th>
            </tr>
          </thead>
          <tbody>
            {running.map((record) => (
              <tr key={record.id}>
                <td className="what">
                  <Link to={`/exports/${record.id}`}>{record.dataset}</Link>
                </td>
                <td data-label={words.progress}>
                  {record.progress.percent === null ? '' : `${progressText.percent(record.progress.percent)} · `}
                  {progressText.rows(formatNumber(record.progress.rows))}
                </td>
                <td className="soft" data-label={words.worker}>
                  {record.worker?.replace(/^worker:/, '') ?? componentText.none}
                </td>
                <td className="soft" data-label={words.by}>
                  <CallerName name={record.requestedBy} kind={record.requestedByKind} />
                </td>
                <td className="soft" data-label={words.started}>
                  {record.startedAt === null ? (
                    componentText.none
                  ) : (
                    <Timestamp at={record.startedAt} format="relative" />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

export function Failures({ failures }: { readonly failures: System['failures'] }) {
  const words = healthText.columns
  return (
    <section>
      <h2>{healthText.failures}</h2>
      {failures.length === 0 ? (
        <p className="none">{healthText.noFailures}</p>
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">{words.export}</th>
              <th scope="col">{words.reason}</th>
              <th scope="col">{words.by}</th>
              <th scope="col">{words.failed}</th>
            </tr>
          </thead>
          <tbody>
            {failures.map((record) => (
              <tr key={record.id}>
                <td className="what">
                  <Link to={`/exports/${record.id}`}>{record.dataset}</Link>
                </td>
                <td>
                  {titleOf(record.error.code)}
                  <code className="secondary">{record.error.code}</code>
                </td>
                <td className="soft" data-label={words.by}>
                  <CallerName name={record.requestedBy} kind={record.requestedByKind} />
                </td>
                <td className="soft" data-label={words.failed}>
                  {record.finishedAt === null ? (
                    componentText.none
                  ) : (
                    <Timestamp at={record.finishedAt} format="relative" />
                  )}
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
