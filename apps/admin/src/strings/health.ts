// Words of the health view.
import { plural } from '../text/plural.ts'

export const healthText = {
  title: 'Health',
  lead: 'Dependencies, queues, workers and failures.',
  dependenciesTitle: 'Dependencies',
  allOperational: 'All systems operational',
  unknown: 'Unknown: no answer from Waybill',
  notOperational: (names: string) => `Unavailable: ${names}`,
  dependencies: {
    database: 'Database',
    source: 'Source database',
    queue: 'Queue',
    storage: 'Object storage',
  } as Readonly<Record<string, string>>,
  available: 'available',
  unavailable: 'unavailable',
  lanes: { small: 'Small exports', large: 'Large exports' },
  queued: (count: string) => `${count} queued`,
  runningNow: (count: string) => `${count} running`,
  oldest: 'oldest queued',
  queueSilent: 'the queue does not respond',
  backend: { redis: 'Redis queue', postgres: 'Postgres queue' },
  running: 'Running now',
  noneRunning: 'No exports running.',
  failures: 'Recent failures',
  noFailures: 'No recent failures.',
  workers: 'Workers',
  noWorkers: {
    title: 'No worker is running',
    text: 'Exports stay queued until a worker starts. Run npm run worker, or start the worker of your deployment.',
  },
  columns: {
    export: 'Export',
    progress: 'Progress',
    worker: 'Worker',
    by: 'Requested by',
    reason: 'Reason',
    failed: 'Failed',
    status: 'Status',
    busy: 'Slots in use',
    started: 'Started',
    seen: 'Last seen',
  },
  busy: (running: number, slots: number) => `${running} of ${slots}`,
  waiting: {
    storage: (count: number) => `${count} ${plural(count, 'export waits', 'exports wait')} for the object storage`,
    source: (count: number) => `${count} ${plural(count, 'export waits', 'exports wait')} for the source database`,
    retry: (count: number) => `${count} ${plural(count, 'export waits', 'exports wait')} for another attempt`,
  },
  cannotReach: (names: string) => `cannot reach: ${names}`,
  dependencyNames: { storage: 'object storage', source: 'source database', ledger: 'database' } as Readonly<
    Record<string, string>
  >,
  workerStatus: { alive: 'Online', silent: 'Not responding' },
} as const
