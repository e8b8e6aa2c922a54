// Workers, callers and reconcilers change one export concurrently at random; the ledger keeps its rules.
import { readFile } from 'node:fs/promises'
import { verifyTrail } from '@waybill/shared/audit/verify.ts'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { createLedger } from '@waybill/shared/ledger/ledger.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts'
import { type Action, Actors } from '../../setup/ledger/ledger-actors.ts'
import { expectLegal, TRANSITIONS } from '../../setup/ledger/ledger-rules.ts'

const RUNS = 200

let database: TestDatabase
let db: Database
beforeAll(async () => {
  database = await createTestDatabase()
  db = createDatabase({
    url: database.url,
    name: 'test-model',
    connections: 6,
    connectTimeout: 5_000,
    queryTimeout: 15_000,
  })
})
afterAll(async () => {
  await db.$disconnect()
  await database.drop()
})

const worker = fc.nat(2)
/** Whether the worker uses the token of its previous attempt, like a worker that has lost the export unnoticed. */
const late = fc.boolean()
const act = (kind: 'complete' | 'fail' | 'requeue' | 'release' | 'releaseForOutage' | 'recordUpload' | 'heartbeat') =>
  fc.record({ kind: fc.constant(kind), worker, late })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('claim' as const), worker }) },
  { weight: 3, arbitrary: act('heartbeat') },
  { weight: 3, arbitrary: act('recordUpload') },
  { weight: 3, arbitrary: act('complete') },
  { weight: 1, arbitrary: act('fail') },
  { weight: 3, arbitrary: act('requeue') },
  { weight: 3, arbitrary: act('release') },
  { weight: 3, arbitrary: act('releaseForOutage') },
  { weight: 1, arbitrary: fc.constant({ kind: 'endWait' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'revive' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reviveNone' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cancel' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'expire' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'forget' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'createAgain' as const }) },
)
/** A list of steps. The actions of one step run concurrently. */
const steps = fc.array(fc.array(action, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 14 })

it('an export has one terminal state and one file, and only its owner moves it, under random concurrent calls', async () => {
  const ends = new Set<string>()
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const actors = await Actors.begin(db, createLedger(db))
      let before = await actors.read()
      for (const atOnce of script) {
        const calls = await actors.act(atOnce)
        const after = await actors.read()
        expectLegal(before, after, calls)
        before = after
      }
      ends.add(before.row.status)
      await actors.end()
    }),
    { numRuns: RUNS, endOnFailure: true },
  )
  expect((await verifyTrail(database.url)).problems, 'the chain of all of their events').toEqual([])
  // The random calls must reach every status. Otherwise, the rules would hold without being tested.
  expect([...ends].sort()).toEqual(['canceled', 'completed', 'expired', 'failed', 'queued', 'running'])
})

it('the diagram in the documents has the transitions of the code', async () => {
  const text = await readFile(new URL('../../../docs/state-machine.md', import.meta.url), 'utf8')
  const drawn = [...text.matchAll(/^ +(\[\*\]|\w+) --> (\w+): (\S+)$/gm)].map(([, from, to, event]) => [
    from,
    event,
    to,
  ])
  const known = TRANSITIONS.map(({ from, event, to }) => [from ?? '[*]', event, to])
  expect(drawn.sort()).toEqual(known.sort())
})
