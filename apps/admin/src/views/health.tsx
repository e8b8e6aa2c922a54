// The health view: dependencies, queues, workers, running exports and failures.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { System } from '../api.ts'
import { useIsStale } from '../components/display/freshness.tsx'
import { ErrorMessage, Loading } from '../components/display/notice.tsx'
import { Timestamp } from '../components/display/timestamp.tsx'
import { Page } from '../components/layout/page.tsx'
import { queries } from '../data/queries.ts'
import { healthText } from '../strings/health.ts'
import { formatNumber } from '../text/quantities.ts'
import { Failures, Running } from './health/exports.tsx'
import { Workers } from './health/workers.tsx'

export function Health() {
  const { data, error, refetch, dataUpdatedAt } = useQuery(queries.system())
  const isKnown = !useIsStale(dataUpdatedAt)
  return (
    <Page title={healthText.title} lead={healthText.lead} updatedAt={dataUpdatedAt}>
      {error !== null && data === undefined ? (
        <ErrorMessage error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <div className={isKnown ? 'health' : 'health unknown'}>
          <div className="tiles">
            <Dependencies dependencies={data.dependencies} waiting={data.queue.waiting} isKnown={isKnown} />
            {data.queue.lanes.map((lane) => (
              <Lane key={lane.lane} lane={lane} backend={data.queue.backend} />
            ))}
          </div>
          <Workers workers={data.workers} />
          <Running running={data.running} />
          <Failures failures={data.failures} />
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

interface DependenciesProps {
  readonly dependencies: System['dependencies']
  readonly waiting: System['queue']['waiting']
  /** False: Waybill does not answer, and the states are the last known ones. */
  readonly isKnown: boolean
}

const SHOWN_WAITS = ['storage', 'source', 'retry'] as const

function Dependencies({ dependencies, waiting, isKnown }: DependenciesProps) {
  const words = healthText
  const nameOf = (name: string) => words.dependencies[name] ?? name
  const unavailable = Object.entries(dependencies).filter(([, state]) => state === 'away')
  const value = !isKnown
    ? words.unknown
    : unavailable.length === 0
      ? words.allOperational
      : words.notOperational(unavailable.map(([name]) => nameOf(name)).join(', '))
  return (
    <Tile label={words.dependenciesTitle} value={value}>
      <ul className="states">
        {Object.entries(dependencies).map(([name, state]) => (
          <li key={name} className={`status ${state === 'ok' ? 'good' : 'bad'}`}>
            {nameOf(name)}
            <span className="visually-hidden">{state === 'ok' ? words.available : words.unavailable}</span>
          </li>
        ))}
      </ul>
      {SHOWN_WAITS.filter((reason) => waiting[reason] > 0).map((reason) => (
        <p key={reason}>{words.waiting[reason](waiting[reason])}</p>
      ))}
    </Tile>
  )
}

interface LaneProps {
  readonly lane: System['queue']['lanes'][number]
  readonly backend: System['queue']['backend']
}

function Lane({ lane, backend }: LaneProps) {
  const { queued, running, oldestQueuedAt, jobs } = lane
  return (
    <Tile label={healthText.lanes[lane.lane]} value={healthText.queued(formatNumber(queued))}>
      {healthText.runningNow(formatNumber(running))}
      {oldestQueuedAt !== null && (
        <>
          {' · '}
          {healthText.oldest} <Timestamp at={oldestQueuedAt} format="relative" />
        </>
      )}
      <br />
      {jobs === null ? healthText.queueSilent : healthText.backend[backend]}
    </Tile>
  )
}
