// The workers that there are.
import type { System } from '../../api.ts'
import { Moment } from '../../components/display/moment.tsx'
import { Empty } from '../../components/display/notice.tsx'
import { t } from '../../strings.ts'

/** A worker has a lane for small exports and one for large ones, each with its own slots. */
const LANES = 2

export function Workers({ of: workers }: { readonly of: System['workers'] }) {
  const words = t.health.columns
  return (
    <section>
      <h2>{t.health.workers}</h2>
      {workers.length === 0 ? (
        <Empty {...t.health.noWorkers} />
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">{words.worker}</th>
              <th scope="col">{words.state}</th>
              <th scope="col">{words.busy}</th>
              <th scope="col">{words.since}</th>
              <th scope="col">{words.seen}</th>
            </tr>
          </thead>
          <tbody>
            {workers.map(({ name, state, running, concurrency, startedAt, seenAt }) => (
              <tr key={`${name} ${startedAt}`}>
                <td className="what">{name.replace(/^worker:/, '')}</td>
                <td>
                  <span className={`status ${state === 'alive' ? 'good' : 'bad'}`}>{t.health[state]}</span>
                </td>
                <td data-label={words.busy}>{t.health.busy(running, concurrency * LANES)}</td>
                <td className="soft" data-label={words.since}>
                  <Moment at={startedAt} as="near" />
                </td>
                <td className="soft" data-label={words.seen}>
                  <Moment at={seenAt} as="near" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
