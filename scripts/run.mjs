// Runs the tasks behind the npm scripts: installs what is missing, then hands over to the pinned Node.
// Plain JavaScript for Node 20 and without dependencies, as it runs before any is there.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAdminPageIfPossible, ensureAdminPage } from './admin-page.mjs'
import { ensureInstalled, findNode, SetupError } from './install.mjs'
import { ensureTestPrograms, isOnPath } from './programs.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '')

/** Settings of the environment win over those of the file. (Node's own flag for "if it exists" says so each time.) */
const DOTENV = existsSync(`${ROOT}/.env`) ? ['--env-file=.env'] : []

/**
 * Rows are garbage as soon as they are encoded. A small heap makes V8 collect it, where a large one would let it grow
 * to several times what is in use (docs/performance.md). More exports at once need more: set it in NODE_OPTIONS.
 */
const WORKER_MEMORY = /max[-_]old[-_]space/.test(process.env.NODE_OPTIONS ?? '')
  ? []
  : ['--min-semi-space-size=16', '--max-semi-space-size=16', '--max-old-space-size=1024']

/**
 * glibc raises this limit to the size of the largest block that was freed, a part of an upload, and from then on takes
 * parts from its heap, which it does not give back: 16 to 30 MB more at the peak. Set, it stays. And each thread that
 * compiles at the start has an arena of its own, of which it keeps up to 25 MB or nothing, as it happens: one for all.
 */
const WORKER_MALLOC = { MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_ARENA_MAX: '1' }

const preparesTests = async () => {
  await ensureTestPrograms()
  await ensureAdminPage(ROOT)
}

/** What each task runs, one after the other; all of them, also when one fails. */
const TASKS = {
  demo: { steps: [['apps/standalone/src/demo/demo.ts']] },
  start: {
    steps: [[...DOTENV, 'apps/standalone/src/main.ts']],
    needs: () => buildAdminPageIfPossible(ROOT),
  },
  build: { steps: [], needs: () => ensureAdminPage(ROOT) },
  test: { steps: [['node_modules/vitest/vitest.mjs', 'run']], needs: preparesTests },
  'test:chaos': { steps: [['node_modules/vitest/vitest.mjs', 'run', 'test/chaos/']], needs: ensureTestPrograms },
  soak: { steps: [['test/soak/main.ts']], needs: ensureTestPrograms },
  bench: { steps: [['test/bench/main.ts']] },
  'build:client': { steps: [['scripts/build-client.ts']] },
  check: {
    steps: [
      ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
      ['node_modules/typescript/bin/tsc', '-p', '.'],
      ['node_modules/typescript/bin/tsc', '-p', 'apps/admin'],
    ],
  },
  'audit:verify': { steps: [[...DOTENV, 'apps/api/src/commands/audit-verify.ts']], production: true },
  migrate: { steps: [[...DOTENV, 'apps/api/src/commands/migrate.ts']], production: true },
  api: { steps: [[...DOTENV, 'apps/api/src/main.ts']], production: true },
  'dataset:check': { steps: [[...DOTENV, 'apps/api/src/commands/check-datasets.ts']], production: true },
  worker: {
    steps: [[...DOTENV, ...WORKER_MEMORY, 'apps/worker/src/main.ts']],
    production: true,
    env: WORKER_MALLOC,
  },
  keys: { steps: [[...DOTENV, 'apps/standalone/src/keys.ts']], production: true },
}

/** npm forwards the Ctrl-C that the terminal has already sent to the whole process group. */
const SAME_SIGNAL_MS = 250

const [name, ...args] = process.argv.slice(2)
const task = Object.hasOwn(TASKS, name ?? '') ? TASKS[name] : undefined
if (task === undefined) {
  process.stderr.write(`Which task? One of: ${Object.keys(TASKS).join(', ')}\n`)
  process.exit(2)
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** While we set things up: ends what we started, releases locks, by way of the exit hooks. */
const giveUp = (signal) => process.exit(128 + constants.signals[signal])
for (const signal of SIGNALS) process.on(signal, giveUp)

try {
  // In an image the install was made with the image, may be read-only, and is not ours to change.
  if (!(task.production && process.env.NODE_ENV === 'production')) {
    await ensureInstalled(ROOT, { production: task.production ?? false })
  }
  await task.needs?.()
  for (const signal of SIGNALS) process.off(signal, giveUp)
  process.exitCode = await runSteps(findNode(ROOT))
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

async function runSteps(node) {
  let worst = 0
  const summary = []
  for (const step of task.steps) {
    const code = await hand(node, [...step, ...(task.steps.length > 1 ? [] : args)])
    summary.push(`${code === 0 ? 'ok    ' : 'FAILED'}  ${[basename(step[0]), ...step.slice(1)].join(' ')}`)
    if (code > 128) return code
    if (code !== 0) worst = code
  }
  if (task.steps.length > 1) process.stdout.write(`\n${summary.join('\n')}\n`)
  return worst
}

/**
 * Runs Node as ourselves would be: our input and output, our signals, our exit code.
 *
 * In a process group of its own, so that a signal reaches it once and through us only: a terminal sends
 * Ctrl-C to the whole group, npm sends it to us once more, and to a second signal the program ends at once.
 */
function hand(node, nodeArgs) {
  return new Promise((resolve, reject) => {
    const [command, ...rest] = [...diesWithUs(), node, ...nodeArgs]
    const child = spawn(command, rest, {
      cwd: ROOT,
      stdio: 'inherit',
      detached: process.platform !== 'win32',
      env: { ...task.env, ...process.env },
    })
    const last = new Map()
    const forward = (signal) => {
      const now = performance.now()
      if (now - (last.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS) return
      last.set(signal, now)
      // The terminal is gone: end in order, as nobody will press Ctrl-C.
      child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
    }
    for (const signal of SIGNALS) process.on(signal, forward)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const each of SIGNALS) process.off(each, forward)
      resolve(signal === null ? code : 128 + (constants.signals[signal] ?? 0))
    })
  })
}

/** What makes Linux end the program when we are killed: in a group of its own, nothing else would. */
function diesWithUs() {
  if (process.platform !== 'linux' || !isOnPath('setpriv')) return []
  const prefix = ['setpriv', '--pdeathsig', 'TERM']
  return spawnSync(prefix[0], [...prefix.slice(1), 'true'], { stdio: 'ignore' }).status === 0 ? prefix : []
}
