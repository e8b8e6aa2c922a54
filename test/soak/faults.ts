// The faults of the soak test. Each ends by itself.
import { setTimeout as sleep } from 'node:timers/promises'
import { s3Error } from '../setup/network/http-fault-proxy.ts'
import type { Random } from './random.ts'
import type { Server, World } from './world.ts'

export interface Fault {
  readonly name: string
  /** Causes the fault. Resolves when it has ended. */
  strike(world: World, random: Random): Promise<void>
}

/** Durations in milliseconds: longer than the locks of SETTINGS, and than five attempts with their delays. */
const long = (random: Random) => random.between(10_000, 25_000)

/** Durations in milliseconds: some are shorter than the locks of SETTINGS, some longer. */
const spell = (random: Random) => random.between(300, 6_000)

const aWorker = (world: World, random: Random) => {
  const workers = world.workers()
  return workers.length === 0 ? undefined : random.pick(workers)
}

const killWorker: Fault = {
  name: 'worker SIGKILL',
  async strike(world, random) {
    const worker = aWorker(world, random)
    worker?.signal('SIGKILL')
    await worker?.ended
    await sleep(random.between(0, 3_000))
  },
}

const stopWorker: Fault = {
  name: 'worker SIGTERM',
  async strike(world, random) {
    const worker = aWorker(world, random)
    worker?.signal('SIGTERM')
    // A second signal ends the process at once.
    if (random.chance(0.3)) {
      await sleep(random.between(0, 1_000))
      worker?.signal('SIGTERM')
    }
    await worker?.ended
  },
}

const freezeWorker: Fault = {
  name: 'worker SIGSTOP, SIGCONT',
  async strike(world, random) {
    const worker = aWorker(world, random)
    worker?.signal('SIGSTOP')
    await sleep(spell(random))
    worker?.signal('SIGCONT')
  },
}

const killApi: Fault = {
  name: 'API SIGKILL',
  async strike(world) {
    world.api().signal('SIGKILL')
    await world.api().ended
  },
}

const killBackends: Fault = {
  name: 'pg_terminate_backend',
  async strike({ db }, random) {
    await db.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'waybill-%' AND hashtext(pid::text || $1) % $2 = 0`,
      [String(random.next()), random.between(1, 3)],
    )
  },
}

/** Every process gets SIGTERM, one after the other, each when the one before has been replaced. */
const rollingRestart: Fault = {
  name: 'rolling restart',
  async strike(world) {
    for (const old of [...world.workers(), world.api()]) {
      old.signal('SIGTERM')
      await old.ended
      await sleep(REPLACED_AFTER_MS)
    }
  },
}

/** The supervisor of the soak starts what is missing within a second; the process needs a few to start. */
const REPLACED_AFTER_MS = 4_000

/** The server answers, but takes nothing. */
const diskFull: Fault = {
  name: 's3 disk full',
  async strike({ s3 }, random) {
    const rule = s3.fail(({ method }) => method === 'PUT' || method === 'POST', s3Error(507, 'XMinioStorageFull'))
    await sleep(long(random))
    rule.remove()
  },
}

const emptyQueue: Fault = { name: 'queue emptied', strike: ({ queue }) => queue.empty() }

/** Faults of the connections to one server. */
function onWire(server: Server): Fault[] {
  const wire = (
    name: string,
    hit: (proxy: NonNullable<World['proxies'][Server]>, random: Random) => unknown,
  ): Fault => ({
    name: `${server} ${name}`,
    async strike({ proxies }, random) {
      const proxy = proxies[server]
      if (proxy === undefined) return
      if (hit(proxy, random) === ONCE) return
      await sleep(spell(random))
      proxy.restore()
    },
  })
  return [
    wire('cut', (proxy) => {
      proxy.cut()
      return ONCE
    }),
    wire('refuses', (proxy) => proxy.refuse()),
    {
      name: `${server} away for long`,
      async strike({ proxies }, random) {
        proxies[server]?.refuse()
        await sleep(long(random))
        proxies[server]?.restore()
      },
    },
    wire('stalls', (proxy) => proxy.stall()),
    wire('slow', (proxy, random) => proxy.delay(random.between(20, 200))),
    wire('cut in mid-message', (proxy, random) => {
      void proxy.cutAfter(random.between(1, 200_000), random.pick(['upstream', 'downstream']))
    }),
  ]
}

const ONCE = Symbol('over at once')

export function faultsOf(queue: 'redis' | 'postgres'): readonly Fault[] {
  const wires = (queue === 'redis' ? (['postgres', 'redis', 's3'] as const) : (['postgres', 's3'] as const)).flatMap(
    onWire,
  )
  // Faults of processes are as frequent as those of connections.
  const processes = [
    killWorker,
    killWorker,
    stopWorker,
    stopWorker,
    freezeWorker,
    freezeWorker,
    killApi,
    rollingRestart,
  ]
  return [...processes, killBackends, killBackends, emptyQueue, diskFull, ...wires]
}
