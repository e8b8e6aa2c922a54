// How the tests run: some files beside each other, several files in one process, the long ones first.
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { TestOrder } from './test/setup/test-order.ts'

/** Every Node process of a run keeps its compiled code here: the next one that starts needs half of the CPU time. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL('node_modules/.cache/waybill-tests', import.meta.url))

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Teardown runs in the other order: missing answers are reported when the servers are stopped.
    globalSetup: ['test/setup/api/openapi-coverage.ts', 'test/setup/servers.ts'],
    pool: 'forks',
    env: { NODE_COMPILE_CACHE },
    // Loading the service takes a third of the CPU time of a file. The modules have no state that a test could leave.
    isolate: false,
    // About half of the files wait for locks, time limits and processes most of the time.
    maxWorkers: availableParallelism() + 2,
    // Of concurrent tests in a file, one starts processes while another one waits.
    maxConcurrency: 2,
    sequence: { sequencer: TestOrder },
    // Limits that only a test that hangs reaches: a machine that is ten times slower than usual stays below them.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 120_000,
    expect: { poll: { timeout: 120_000 } },
  },
})
