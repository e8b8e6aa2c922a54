// Upkeep of webhooks: failing endpoints, replaced encryption keys, old deliveries.
import { randomBytes, randomUUID } from 'node:crypto'
import { createDatabase, type Database } from '@waybill/shared/database/client.ts'
import { createLedger } from '@waybill/shared/ledger/ledger.ts'
import { WEBHOOK_EVENTS } from '@waybill/shared/vocabulary/webhook-events.ts'
import {
  type ClaimedDelivery,
  claimDelivery,
  disableIfUnreachable,
  dropDelivery,
  recordDelivered,
  recordFailure,
} from '@waybill/shared/webhooks/attempts.ts'
import { callerSecret, rotateCallerSecret } from '@waybill/shared/webhooks/caller-secrets.ts'
import { createTestDelivery, listDue, removeOldDeliveries } from '@waybill/shared/webhooks/deliveries.ts'
import {
  changeEndpoint,
  createEndpoint,
  findEndpoint,
  removeEndpoint,
  rotateEndpointSecret,
} from '@waybill/shared/webhooks/endpoints.ts'
import { reencryptSecrets } from '@waybill/shared/webhooks/reencrypt.ts'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import { callerOwner, endpointOwner } from '@waybill/shared/webhooks/secrets.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts'
import { newExport } from '../../setup/ledger/new-export.ts'

const ACTOR = { id: 'key:1', name: 'wb_admin' }
const WORKER = 'worker:test'
const LEASE_MS = 60_000
const key = () => randomBytes(32).toString('base64')
const box = createSecretBox([key()])

let database: TestDatabase
let db: Database
beforeAll(async () => {
  database = await createTestDatabase()
  const connection = { connections: 4, connectTimeout: 5_000, queryTimeout: 10_000 }
  db = createDatabase({ url: database.url, name: 'test', ...connection })
})
beforeEach(async () => {
  await db.webhookDelivery.deleteMany()
  await db.webhookEndpoint.deleteMany()
  await db.webhookSecret.deleteMany()
})
afterAll(async () => {
  await db.$disconnect()
  await database.drop()
})

const register = async (): Promise<string> => {
  const endpoint = { url: 'https://receiver.example/', events: WEBHOOK_EVENTS, description: '' }
  return (await createEndpoint(db, box, endpoint, ACTOR)).row.id
}
const deliver = async (endpointId: string): Promise<string> => {
  const data = { id: randomUUID(), endpointId, type: 'export.failed', data: {}, nextAttemptAt: new Date() }
  return (await db.webhookDelivery.create({ data })).id
}
const claim = async (id: string): Promise<ClaimedDelivery> => {
  const claimed = await claimDelivery(db, id, randomUUID(), LEASE_MS)
  if (claimed === undefined) throw new Error('there is nothing to be claimed')
  return claimed
}
const FAILED = { milliseconds: 3, status: 500, error: 'answered 500', answer: 'no' }
const ARRIVED = { milliseconds: 3, status: 200, answer: 'yes' }
const row = (id: string) => db.webhookDelivery.findUniqueOrThrow({ where: { id }, include: { tries: true } })
const failingFor = (id: string, days: number) =>
  db.$executeRaw`UPDATE waybill.webhook_endpoints
    SET failing_since = now() - make_interval(secs => ${days * 86_400}::float8) WHERE id = ${id}::uuid`

describe('an endpoint', () => {
  it('is disabled after five days without a success, with an event in the trail', async () => {
    const id = await register()
    const [tried, waiting] = [await deliver(id), await deliver(id)]
    const claimed = await claim(tried)
    expect(await recordFailure(db, claimed, FAILED, 5_000)).toBeInstanceOf(Date)
    expect((await findEndpoint(db, id))?.failingSince).not.toBeNull()
    await failingFor(id, 4.99)
    expect(await disableIfUnreachable(db, claimed, false, WORKER)).toBeUndefined()
    expect((await findEndpoint(db, id))?.enabled).toBe(true)
    await failingFor(id, 5.01)
    expect(await disableIfUnreachable(db, claimed, false, WORKER)).toBe('failing')
    expect(await findEndpoint(db, id)).toMatchObject({ enabled: false, disabledReason: 'failing' })
    for (const delivery of [tried, waiting]) expect(await row(delivery)).toMatchObject({ status: 'failed' })
    expect(await listDue(db, 10)).toEqual([])
    const events = await db.auditEvent.findMany({ where: { type: 'webhook-endpoint.disabled' } })
    expect(events.map(({ actor, data }) => ({ actor, data }))).toContainEqual({
      ...{ actor: WORKER, data: { endpointId: id, reason: 'failing' } },
    })
    expect(await disableIfUnreachable(db, claimed, false, WORKER), 'once').toBeUndefined()
    const enabled = await changeEndpoint(db, id, { enabled: true }, ACTOR)
    expect(enabled).toMatchObject({ enabled: true, failingSince: null, disabledReason: null })
  })

  it('is not disabled when it succeeds from time to time', async () => {
    const id = await register()
    await recordFailure(db, await claim(await deliver(id)), FAILED, undefined)
    await failingFor(id, 30)
    await recordDelivered(db, await claim(await deliver(id)), ARRIVED)
    expect((await findEndpoint(db, id))?.failingSince).toBeNull()
  })

  it('is not disabled by one failure weeks after the last one', async () => {
    const id = await register()
    await recordFailure(db, await claim(await deliver(id)), FAILED, undefined)
    await failingFor(id, 30)
    const lastTried = (days: number) =>
      db.$executeRaw`UPDATE waybill.webhook_tries SET at = now() - make_interval(secs => ${days * 86_400}::float8)
        WHERE delivery_id IN (SELECT id FROM waybill.webhook_deliveries WHERE endpoint_id = ${id}::uuid)`
    await lastTried(2.1)
    const first = await claim(await deliver(id))
    await recordFailure(db, first, FAILED, 5_000)
    expect(await disableIfUnreachable(db, first, false, WORKER)).toBeUndefined()
    expect(Date.now() - Number((await findEndpoint(db, id))?.failingSince)).toBeLessThan(86_400_000)
    // The longest delay of the schedule does not reset the failures.
    await failingFor(id, 30)
    await lastTried(1.2)
    const next = await claim(await deliver(id))
    await recordFailure(db, next, FAILED, 5_000)
    expect(await disableIfUnreachable(db, next, false, WORKER)).toBe('failing')
  })

  it('is not disabled by a failed test delivery', async () => {
    const id = await register()
    const claimed = await claim((await createTestDelivery(db, id, ACTOR)).id)
    await recordFailure(db, claimed, FAILED, undefined)
    expect(await disableIfUnreachable(db, claimed, true, WORKER)).toBeUndefined()
    expect(await findEndpoint(db, id)).toMatchObject({ enabled: true, failingSince: null })
  })

  it('gets no further attempt after it was disabled or removed', async () => {
    const [disabled, removed] = [await register(), await register()]
    await changeEndpoint(db, disabled, { enabled: false }, ACTOR)
    await removeEndpoint(db, removed, ACTOR)
    // Deliveries of transitions that started before the endpoint was disabled or removed.
    const [first, second] = [await claim(await deliver(disabled)), await claim(await deliver(removed))]
    expect([first.enabled, second.url]).toEqual([false, null])
    await dropDelivery(db, first)
    await dropDelivery(db, second)
    expect(await row(first.id)).toMatchObject({ status: 'failed', attempts: 0, tries: [] })
    expect(await db.webhookDelivery.count({ where: { id: second.id } })).toBe(0)
  })
})

describe('a delivery', () => {
  it('is claimed by one worker, and by another one only after the lease has run out', async () => {
    const id = await deliver(await register())
    const claims = await Promise.all(Array.from({ length: 5 }, () => claimDelivery(db, id, randomUUID(), LEASE_MS)))
    const [late, ...more] = claims.filter((claimed) => claimed !== undefined)
    if (late === undefined) throw new Error('no worker has it')
    expect(more).toEqual([])
    await db.$executeRaw`UPDATE waybill.webhook_deliveries SET next_attempt_at = now() - interval '1 ms' WHERE id = ${id}::uuid`
    const owner = await claim(id)
    await recordDelivered(db, owner, ARRIVED)
    // The late attempt does not change the delivery, but it is in the log.
    expect(await recordFailure(db, late, FAILED, 5_000)).toBeUndefined()
    const { status, tries, attempts } = await row(id)
    expect({ status, attempts, tries: tries.length }).toEqual({ status: 'delivered', attempts: 2, tries: 2 })
  })

  it('to a receiver with many deliveries does not delay the first one to another', async () => {
    const [busy, quiet] = [await register(), await register()]
    for (let count = 0; count < 5; count++) await deliver(busy)
    const only = await deliver(quiet)
    expect((await listDue(db, 2)).map(({ id }) => id)).toContain(only)
  })

  it('for a caller with many exports does not delay the first one for another', async () => {
    const ledger = createLedger(db)
    const ask = async (who: string, host: string): Promise<string> => {
      const request = newExport({ webhookUrl: `https://${host}/` })
      const { row: made } = await ledger.create(request, { id: `key:${who}`, name: who }, 100)
      const data = { id: randomUUID(), exportId: made.id, type: 'export.failed', data: {}, nextAttemptAt: new Date() }
      return (await db.webhookDelivery.create({ data })).id
    }
    for (let count = 0; count < 5; count++) await ask('busy', `h${count}.busy.example`)
    const only = await ask('quiet', 'quiet.example')
    expect((await listDue(db, 2)).map(({ id }) => id)).toContain(only)
  })

  it('is deleted with its attempts after its retention time, unless it is pending', async () => {
    const id = await register()
    const [old, recent, pending] = [await deliver(id), await deliver(id), await deliver(id)]
    for (const delivery of [old, recent]) await recordDelivered(db, await claim(delivery), ARRIVED)
    await db.$executeRaw`UPDATE waybill.webhook_deliveries SET ended_at = now() - interval '31 days' WHERE id = ${old}::uuid`
    await db.$executeRaw`UPDATE waybill.webhook_deliveries SET created_at = now() - interval '90 days' WHERE id = ${pending}::uuid`
    expect(await removeOldDeliveries(db, 30 * 86_400_000, 100)).toBe(1)
    expect((await db.webhookDelivery.findMany()).map((delivery) => delivery.id).sort()).toEqual(
      [recent, pending].sort(),
    )
    expect(await db.webhookTry.count({ where: { deliveryId: old } })).toBe(0)
  })
})

describe('an encryption key of the settings', () => {
  it('can be removed once every secret is encrypted with the new one', async () => {
    const [old, young] = [key(), key()]
    const before = createSecretBox([old])
    const { row: made, secret: first } = await createEndpoint(
      ...[db, before, { url: 'https://receiver.example/', events: WEBHOOK_EVENTS, description: '' }, ACTOR],
    )
    const rotated = await rotateEndpointSecret(db, before, made.id, ACTOR)
    const { secret: mine } = await callerSecret(db, before, { id: 'key:2', name: 'x' })
    const { secret: own } = await rotateCallerSecret(db, before, { id: 'key:2', name: 'x' })

    expect(await reencryptSecrets(db, createSecretBox([young, old]), 100)).toEqual({ changed: 2, unreadable: 0 })
    expect(await reencryptSecrets(db, createSecretBox([young, old]), 100)).toEqual({ changed: 0, unreadable: 0 })
    const after = createSecretBox([young])
    const endpoint = await findEndpoint(db, made.id)
    const caller = await db.webhookSecret.findUniqueOrThrow({ where: { requesterId: 'key:2' } })
    const [ofEndpoint, ofCaller] = [endpointOwner(made.id), callerOwner('key:2')]
    expect(after.open(endpoint?.secret ?? '', ofEndpoint)).toBe(rotated?.secret)
    expect(after.open(endpoint?.previousSecret ?? '', ofEndpoint)).toBe(first)
    expect(after.open(caller.secret, ofCaller)).toBe(own)
    expect(after.open(caller.previousSecret ?? '', ofCaller)).toBe(mine)
  })

  it('is reported when it is lost, and the other secrets are re-encrypted', async () => {
    const [lost, old, young] = [key(), key(), key()]
    await callerSecret(db, createSecretBox([lost]), { id: 'key:lost', name: 'x' })
    await callerSecret(db, createSecretBox([old]), { id: 'key:good', name: 'x' })
    const now = createSecretBox([young, old])
    expect(await reencryptSecrets(db, now, 100)).toEqual({ changed: 1, unreadable: 1 })
    await expect(callerSecret(db, now, { id: 'key:lost', name: 'x' })).rejects.toThrow(/WEBHOOK_SECRET_KEYS/)
    // The caller can rotate its own secret.
    const { secret } = await rotateCallerSecret(db, now, { id: 'key:lost', name: 'x' })
    expect((await callerSecret(db, now, { id: 'key:lost', name: 'x' })).secret).toBe(secret)
  })

  it('signs with two secrets for a day after a rotation, then with one', async () => {
    const id = await register()
    await rotateEndpointSecret(db, box, id, ACTOR)
    const during = await claim(await deliver(id))
    expect(
      [during.secret, during.previousSecret].map((sealed) => box.open(sealed ?? '', endpointOwner(id))),
    ).toHaveLength(2)
    await db.$executeRaw`UPDATE waybill.webhook_endpoints SET previous_secret_until = now() WHERE id = ${id}::uuid`
    expect((await claim(await deliver(id))).previousSecret).toBeNull()
  })
})
