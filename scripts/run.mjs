// Runs the tasks of the npm scripts: installs what is missing, then starts the pinned Node.
// Plain JavaScript for Node 20 without dependencies, because it runs before the installation.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAdminPageIfPossible, ensureAdminPage } from './admin-page.mjs'
import { ensureInstalled, findNode, SetupError } from './install.mjs'
import { ensureTestPrograms, ensureTestServers, isOnPath } from './programs.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '')

/** Environment variables take precedence over the file. Node's own --env-file-if-exists prints a message each time. */
const DOTENV = existsSync(`${ROOT}/.env`) ? ['--env-file=.env'] : []

/**
 * Encoded rows become garbage immediately. With a small heap, V8 collects it early. With a large heap, memory would grow
 * to several times the used size (docs/performance.md). For more parallel exports, set a larger heap in NODE_OPTIONS.
 */
const WORKER_MEMORY = /max[-_]old[-_]space/.test(process.env.NODE_OPTIONS ?? '')
  ? []
  : ['--min-semi-space-size=16', '--max-semi-space-size=16', '--max-old-space-size=1024']

/**
 * By default, glibc raises the mmap threshold to the size of the largest freed block, which is a part of an upload. Then
 * it allocates parts on its heap, which it does not release: 16 to 30 MB more at the peak. A fixed threshold avoids
 * that. Each compiler thread would also use a separate arena, which can keep up to 25 MB, so there is only one arena.
 */
const WORKER_MALLOC = { MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_ARENA_MAX: '1' }

const prepareTests = async () => {
  await ensureTestPrograms()
  await ensureAdminPage(ROOT)
}

/** The steps of each task. All steps run, even if one fails. */
const TASKS = {
  demo: { steps: [['apps/standalone/src/demo/demo.ts']] },
  start: {
    steps: [[...DOTENV, 'apps/standalone/src/main.ts']],
    needs: () => buildAdminPageIfPossible(ROOT),
  },
  build: { steps: [], needs: () => ensureAdminPage(ROOT) },
  test: { steps: [['node_modules/vitest/vitest.mjs', 'run']], needs: prepareTests },
  'test:chaos': { steps: [['node_modules/vitest/vitest.mjs', 'run', 'test/chaos/']], needs: ensureTestPrograms },
  // On Ceph's gateway in the place of the embedded S3 server.
  'test:servers': {
    steps: [
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        'test/integration/storage/',
        'test/chaos/storage/',
        'test/chaos/content/',
      ],
    ],
    needs: ensureTestServers,
    env: { TEST_S3: 'ceph' },
  },
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
  'audit:anchor': { steps: [[...DOTENV, 'apps/api/src/commands/audit-anchor.ts']], production: true },
  'audit:erase': { steps: [[...DOTENV, 'apps/api/src/commands/audit-erase.ts']], production: true },
  migrate: { steps: [[...DOTENV, 'apps/api/src/commands/migrate.ts']], production: true },
  api: { steps: [[...DOTENV, 'apps/api/src/main.ts']], production: true },
  'dataset:check': { steps: [[...DOTENV, 'apps/api/src/commands/check-datasets.ts']], production: true },
  'storage:check': { steps: [[...DOTENV, 'apps/api/src/commands/check-storage.ts']], production: true },
  worker: {
    steps: [[...DOTENV, ...WORKER_MEMORY, 'apps/worker/src/main.ts']],
    production: true,
    env: WORKER_MALLOC,
  },
  keys: { steps: [[...DOTENV, 'apps/standalone/src/keys.ts']], production: true },
}

/** npm forwards the Ctrl-C that the terminal has already sent to the process group. A repeat in this time is ignored. */
const REPEATED_SIGNAL_MS = 250

const [name, ...args] = process.argv.slice(2)
const task = Object.hasOwn(TASKS, name ?? '') ? TASKS[name] : undefined
if (task === undefined) {
  process.stderr.write(`Unknown task. Use one of: ${Object.keys(TASKS).join(', ')}\n`)
  process.exit(2)
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** During the setup: exits, and the exit hooks end child processes and release locks. */
const exitOnSignal = (signal) => process.exit(128 + constants.signals[signal])
for (const signal of SIGNALS) process.on(signal, exitOnSignal)

try {
  // In an image, the dependencies are part of the image and may be read-only.
  if (!(task.production && process.env.NODE_ENV === 'production')) {
    await ensureInstalled(ROOT, { production: task.production ?? false })
  }
  await task.needs?.()
  for (const signal of SIGNALS) process.off(signal, exitOnSignal)
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
    const code = await runNode(node, [...step, ...(task.steps.length > 1 ? [] : args)])
    summary.push(`${code === 0 ? 'ok    ' : 'FAILED'}  ${[basename(step[0]), ...step.slice(1)].join(' ')}`)
    if (code > 128) return code
    if (code !== 0) worst = code
  }
  if (task.steps.length > 1) process.stdout.write(`\n${summary.join('\n')}\n`)
  return worst
}

/**
 * Runs Node with the input and output of this process, forwards signals to it and returns its exit code.
 *
 * Node runs in a separate process group, so that it gets each signal once and only from here. A terminal sends Ctrl-C to
 * the whole group and npm forwards it again, but a second signal would end the program immediately.
 */
function runNode(node, nodeArgs) {
  return new Promise((resolve, reject) => {
    const [command, ...rest] = [...parentDeathPrefix(), node, ...nodeArgs]
    const child = spawn(command, rest, {
      cwd: ROOT,
      stdio: 'inherit',
      detached: process.platform !== 'win32',
      env: { ...task.env, ...process.env },
    })
    const last = new Map()
    const forward = (signal) => {
      const now = performance.now()
      if (now - (last.get(signal) ?? Number.NEGATIVE_INFINITY) < REPEATED_SIGNAL_MS) return
      last.set(signal, now)
      // The terminal was closed, so the program shuts down gracefully.
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

/** A command prefix for Linux that ends the program if this process is killed. */
function parentDeathPrefix() {
  if (process.platform !== 'linux' || !isOnPath('setpriv')) return []
  const prefix = ['setpriv', '--pdeathsig', 'TERM']
  return spawnSync(prefix[0], [...prefix.slice(1), 'true'], { stdio: 'ignore' }).status === 0 ? prefix : []
}
