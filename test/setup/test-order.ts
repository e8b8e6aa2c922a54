// Orders the test files, so that files that wait run beside files that compute, and none of the long ones runs last.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** They take the longest, in a run that has no results of an earlier one. Each takes more than 20 s. */
const LONGEST = [
  'chaos/database/fault-11',
  'chaos/worker/fault-19',
  'chaos/worker/fault-09',
  'integration/ledger/model',
  'chaos/database/fault-17',
  'chaos/worker/fault-03',
  'chaos/database/ledger-unavailable',
  'integration/source/wide-rows',
  'chaos/worker/fault-02',
  'chaos/api/fault-08',
  'chaos/queue/fault-05',
  'chaos/worker/time-limits',
  'integration/access/access-matrix',
  'e2e/export',
  'integration/client/cli.test',
  'docs/docs',
  'chaos/queue/fair-queue',
  'integration/api/idempotency',
  'contract/formats',
  'browser/exports',
]

/** Their tests start Node processes, a browser or servers of their own, and wait for them most of the time. */
const STARTS_PROCESSES = /\/test\/(browser|chaos|docs|e2e|integration\/(client|embedded)|unit\/project\/run)/

export class TestOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((name) => moduleId.includes(`/test/${name}`))
      return index < 0 ? LONGEST.length : index
    }
    const sorted = (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
    const waiting = sorted.filter(({ moduleId }) => STARTS_PROCESSES.test(moduleId))
    const computing = sorted.filter(({ moduleId }) => !STARTS_PROCESSES.test(moduleId))
    const place = new Map<TestSpecification, number>()
    for (const list of [waiting, computing]) for (const [i, file] of list.entries()) place.set(file, i / list.length)
    return sorted.sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0))
  }
}
