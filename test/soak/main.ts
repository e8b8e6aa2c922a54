// `npm run soak`: requests random exports, causes random faults, then checks every export. Exits with 1 on a violation.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { untilSignal } from '../../packages/shared/src/process/signals.ts'
import { type Fault, faultsOf } from './faults.ts'
import { parseOptions, type SoakOptions, USAGE } from './options.ts'
import { createRandom, type Random } from './random.ts'
import { makeRequests, type Tally } from './requests.ts'
import { summarize } from './summary.ts'
import { judge, type Verdict } from './verdict.ts'
import { createWorld, type World } from './world.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)

/** Between two faults. Outages take up to 25 s: with shorter pauses, something would be unavailable all the time. */
const PAUSE_MS = [1_000, 10_000] as const

/** The quiet time at the end is not included. */
async function shake(world: World, random: Random, faults: readonly Fault[], ending: AbortSignal) {
  const struck = new Map<string, number>()
  const strikes = new Set<Promise<void>>()
  while (!ending.aborted) {
    await sleep(random.between(...PAUSE_MS), undefined, { signal: ending }).catch(() => undefined)
    if (ending.aborted) break
    const fault = random.pick(faults)
    struck.set(fault.name, (struck.get(fault.name) ?? 0) + 1)
    // Faults may overlap, because two faults at the same time find more errors.
    const strike = fault.strike(world, random).catch((error: unknown) => say(`  ${fault.name}: ${error}`))
    strikes.add(strike)
    void strike.finally(() => strikes.delete(strike))
  }
  await Promise.all(strikes)
  return struck
}

/** Restarts killed processes, like an orchestrator. */
async function supervise(world: World, ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    // A start may fail because of a fault.
    await world.complete().catch(() => undefined)
    await sleep(500, undefined, { signal: ending }).catch(() => undefined)
  }
}

async function soak(options: SoakOptions, queue: 'redis' | 'postgres', stopped: AbortSignal): Promise<Verdict> {
  const minutes = options.minutes / options.queues.length
  const directory = await mkdtemp(join(tmpdir(), 'waybill-soak-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))
  say(`\nqueue on ${queue}: ${minutes} minutes of faults, seed ${options.seed}`)
  const world = await createWorld(queue, directory, stack)
  await world.complete()

  const ending = AbortSignal.any([AbortSignal.timeout(minutes * 60_000), stopped])
  const quiet = new AbortController()
  const tally: Tally = { asked: [], answers: new Map() }
  const supervised = supervise(world, quiet.signal)
  // Separate random streams, so that the number of requests does not change the faults of a seed.
  const requested = makeRequests(world, createRandom(options.seed + 1), ending, tally)
  const struck = await shake(world, createRandom(options.seed), faultsOf(queue), ending)
  for (const proxy of [...Object.values(world.proxies), world.s3]) proxy.restore()
  await requested
  say(`  quiet: ${tally.asked.length} exports were asked for; waiting for the last, then reading every file`)
  // Restart the processes that were killed last.
  quiet.abort()
  await supervised
  await world.complete()
  const verdict = await judge(world, tally)
  if (options.logs !== undefined) {
    await mkdir(options.logs, { recursive: true })
    for (const program of world.deployment.programs()) {
      await writeFile(join(options.logs, `${queue}-${program.name}.log`), program.output())
    }
  }
  say(summarize(tally, struck, verdict))
  return verdict
}

let options: SoakOptions
try {
  options = parseOptions(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}\n`)
  process.exit(2)
}
const stopped = new AbortController()
void untilSignal().then(() => stopped.abort())
let violations = 0
for (const queue of options.queues) {
  if (stopped.signal.aborted) break
  violations += (await soak(options, queue, stopped.signal)).violations.length
}
say(violations === 0 ? '\nNo violations.' : `\n${violations} violations.`)
process.exit(violations === 0 ? 0 : 1)
