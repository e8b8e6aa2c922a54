// How the system is doing: its dependencies, its queue, its workers, what runs and what failed.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { System } from '../api.ts'
import { Moment } from '../components/display/moment.tsx'
import { Fault, Loading } from '../components/display/notice.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { t } from '../strings.ts'
import { formatNumber } from '../text/quantities.ts'
import { Failures, Running } from './health/exports.tsx'
import { Workers } from './health/workers.tsx'

export function Health() {
  const { data, error, refetch } = useQuery(queries.system())
  return (
    <Page title={t.health.title} lead={t.health.lead}>
      {error !== null && data === undefined ? (
        <Fault error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <div className="health">
          <div className="tiles">
            <Dependencies of={data} />
            {data.queue.lanes.map((lane) => (
              <Lane key={lane.lane} of={lane} backend={data.queue.backend} />
            ))}
          </div>
          <Workers of={data.workers} />
          <Running of={data.running} />
          <Failures of={data.failures} />
        </div>
      )}
    </Page>
  )
}

interface TileProps {
  readonly label: string
  readonly value: string
  readonly children: ReactNode
}

function Tile({ label, value, children }: TileProps) {
  return (
    <section className="panel tile">
      <h2 className="label">{label}</h2>
      <p className="value">{value}</p>
      <div className="hint">{children}</div>
    </section>
  )
}

function Dependencies({ of: { dependencies } }: { readonly of: System }) {
  const words = t.health
  const nameOf = (name: string) => words.dependencies[name] ?? name
  const away = Object.entries(dependencies).filter(([, state]) => state === 'away')
  const value = away.length === 0 ? words.allWell : words.notWell(away.map(([name]) => nameOf(name)).join(', '))
  return (
    <Tile label={words.needs} value={value}>
      <ul className="states">
        {Object.entries(dependencies).map(([name, state]) => (
          <li key={name} className={`status ${state === 'ok' ? 'good' : 'bad'}`}>
            {nameOf(name)}
            <span className="visually-hidden">{state === 'ok' ? words.ok : words.away}</span>
          </li>
        ))}
      </ul>
    </Tile>
  )
}

interface LaneProps {
  readonly of: System['queue']['lanes'][number]
  readonly backend: System['queue']['backend']
}

function Lane({ of: { lane, queued, running, oldestQueuedAt, jobs }, backend }: LaneProps) {
  return (
    <Tile label={t.health.lanes[lane]} value={t.health.waiting(formatNumber(queued))}>
      {t.health.runningNow(formatNumber(running))}
      {oldestQueuedAt !== null && (
        <>
          {' · '}
          {t.health.oldest} <Moment at={oldestQueuedAt} as="near" />
        </>
      )}
      <br />
      {jobs === null ? t.health.jobsMissing : t.health.backend[backend]}
    </Tile>
  )
}
