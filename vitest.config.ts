// How the tests run: forks, so that each suite has a process of its own to leak in, on two cores.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Ends in the other order: what is missing is told when the servers are down.
    globalSetup: ['test/setup/api/openapi-coverage.ts', 'test/setup/servers.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Ceilings, only reached when something is broken: a machine that does ten things at once is slow at each.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    // A second, vitest's own patience, is nothing on a busy machine; what comes in time is not held up by this.
    expect: { poll: { timeout: 15_000 } },
  },
})
