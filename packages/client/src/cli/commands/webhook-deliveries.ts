// `waybill webhooks test, deliveries, redeliver` and your own secret: what was sent, and what was answered.
import type { DeliveryBody } from '@waybill/shared/contract/webhooks.ts'
import { defineCommand } from '../arguments/command.ts'
import { readNumber } from '../arguments/export-request.ts'
import { table } from '../terminal/output.ts'
import { sayTime } from '../terminal/wording.ts'

const ID = '01a206bd-3a7c-70dd-b151-2b1407fb87af'

export const testWebhookCommand = defineCommand({
  name: 'webhooks test',
  summary: 'sends an endpoint a test event, once',
  arguments: [{ name: 'ID', description: 'of the endpoint; see waybill webhooks' }],
  flags: {},
  examples: [{ line: `waybill webhooks test ${ID}`, says: 'what became of it: waybill webhooks deliveries' }],
  async run({ arguments: [id = ''], context }) {
    const delivery = await (await context.client()).webhooks.test(id)
    context.output.result(delivery, () => `On its way: waybill webhooks deliveries ${id}`)
  },
})

export const deliveriesCommand = defineCommand({
  name: 'webhooks deliveries',
  summary: 'what was sent to an endpoint, and what it answered',
  arguments: [{ name: 'ID', description: 'of the endpoint; see waybill webhooks' }],
  flags: { limit: { type: 'text', short: 'n', value: 'COUNT', description: 'how many at most (default: 20)' } },
  examples: [{ line: `waybill webhooks deliveries ${ID} --json`, says: 'with every try and answer' }],
  async run({ arguments: [id = ''], flags, context }) {
    const { webhooks } = await context.client()
    const most = readNumber('--limit', flags.limit ?? '20')
    const found: DeliveryBody[] = []
    for await (const one of webhooks.deliveries(id, { limit: Math.min(most, 200) })) if (found.push(one) >= most) break
    const rows = found.map((one) => [
      one.id,
      sayTime(one.createdAt),
      one.type,
      one.status,
      lastTry(one),
      one.exportId ?? '',
    ])
    context.output.result(found, () => table(['ID', 'AT', 'EVENT', 'STATUS', 'LAST TRY', 'EXPORT'], rows))
  },
})

export const redeliverCommand = defineCommand({
  name: 'webhooks redeliver',
  summary: 'sends a delivery again now, under the same id',
  arguments: [{ name: 'ID', description: 'of the delivery; see waybill webhooks deliveries' }],
  flags: {},
  examples: [{ line: `waybill webhooks redeliver ${ID}`, says: 'after the receiver was mended' }],
  async run({ arguments: [id = ''], context }) {
    const delivery = await (await context.client()).webhooks.redeliver(id)
    context.output.result(delivery, () => `Delivery ${id} is on its way again.`)
  },
})

export const webhookSecretCommand = defineCommand({
  name: 'webhooks secret',
  summary: 'your own secret, which signs what goes to the --webhook-url of your exports',
  flags: { rotate: { type: 'switch', description: 'make a new one; the old one signs beside it for 24 hours' } },
  examples: [{ line: 'waybill webhooks secret', says: 'for verifyWebhook' }],
  async run({ flags, context }) {
    const { me } = await context.client()
    const found = flags.rotate ? await me.rotateWebhookSecret() : await me.webhookSecret()
    context.output.result(found, () => found.secret)
  },
})

function lastTry({ tries }: DeliveryBody): string {
  const last = tries.at(-1)
  if (last === undefined) return ''
  return last.status === null ? (last.error ?? '') : String(last.status)
}
