// The table of workers.
import type { System } from '../../api.ts'
import { EmptyState } from '../../components/display/notice.tsx'
import { Timestamp } from '../../components/display/timestamp.tsx'
import { healthText } from '../../strings/health.ts'

/** A worker has a lane for small exports and one for large ones, each with its own slots. */
const LANES_PER_WORKER = 2

export function Workers({ workers }: { readonly workers: System['workers'] }) {
  const words = healthText.columns
  return (
    <section>
      <h2>{healthText.workers}</h2>
      {workers.length === 0 ? (
        <EmptyState {...healthText.noWorkers} />
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">{words.worker}</th>
              <th scope="col">{words.status}</th>
              <th scope="col">{words.busy}</th>
              <th scope="col">{words.started}</th>
              <th scope="col">{words.seen}</th>
            </tr>
          </thead>
          <tbody>
            {workers.map(({ name, state, running, concurrency, unavailable, startedAt, seenAt }) => (
              <tr key={`${name} ${startedAt}`}>
                <td className="what">{name.replace(/^worker:/, '')}</td>
                <td>
                  <span className={`status ${state === 'alive' ? 'good' : 'bad'}`}>
                    {healthText.workerStatus[state]}
                  </span>
                  {state === 'alive' && unavailable.length > 0 && (
                    <span className="facts">{healthText.cannotReach(unavailable.map(nameOf).join(', '))}</span>
                  )}
                </td>
                <td data-label={words.busy}>{healthText.busy(running, concurrency * LANES_PER_WORKER)}</td>
                <td className="soft" data-label={words.started}>
                  <Timestamp at={startedAt} format="relative" />
                </td>
                <td className="soft" data-label={words.seen}>
                  <Timestamp at={seenAt} format="relative" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function nameOf(dependency: string): string {
  return healthText.dependencyNames[dependency] ?? dependency
}
