// How the tests run: each file in a process of its own, and files that start processes beside fewer others.
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

/** Their tests start Node processes, a browser or servers of their own, several at a time. */
const STARTING_PROCESSES = [
  'test/{browser,chaos,docs,e2e}/**/*.test.ts',
  'test/integration/{client,embedded}/**/*.test.ts',
  'test/integration/access/keys-command.test.ts',
  'test/unit/project/run.test.ts',
]

/** Every Node process of a run keeps its compiled code here: the next one that starts needs half of the CPU time. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL('node_modules/.cache/waybill-tests', import.meta.url))

/** Limits that only a test that hangs reaches: a machine that is ten times slower than usual stays below them. */
const COMMON = {
  pool: 'forks',
  env: { NODE_COMPILE_CACHE },
  testTimeout: 600_000,
  hookTimeout: 600_000,
  teardownTimeout: 120_000,
  expect: { poll: { timeout: 120_000 } },
} as const

export default defineConfig({
  test: {
    // Teardown runs in the other order: missing answers are reported when the servers are stopped.
    globalSetup: ['test/setup/api/openapi-coverage.ts', 'test/setup/servers.ts'],
    projects: [
      {
        test: {
          ...COMMON,
          name: 'light',
          include: ['test/{contract,integration,unit}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...STARTING_PROCESSES],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...COMMON,
          name: 'processes',
          include: STARTING_PROCESSES,
          // Of concurrent tests, one starts processes while another one waits. More would only slow each other down.
          maxWorkers: 2,
          maxConcurrency: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
