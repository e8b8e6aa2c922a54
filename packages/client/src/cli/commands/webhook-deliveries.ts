// `waybill webhooks test`, `deliveries`, `redeliver` and `secret`: deliveries and the caller's own secret.
import type { DeliveryBody } from '@waybill/shared/contract/webhooks.ts'
import { defineCommand } from '../arguments/command.ts'
import { readNumber } from '../arguments/export-request.ts'
import { MAX_PAGE_SIZE, take } from '../lists.ts'
import { table } from '../terminal/output.ts'
import { sayTime } from '../terminal/wording.ts'

const ID = '01a206bd-3a7c-70dd-b151-2b1407fb87af'

export const testWebhookCommand = defineCommand({
  name: 'webhooks test',
  summary: 'Send a test event to an endpoint, without retries',
  arguments: [{ name: 'ID', description: 'id of the endpoint; see waybill webhooks' }],
  flags: {},
  examples: [
    {
      line: `waybill webhooks test ${ID}`,
      description: 'Test an endpoint; see the result with waybill webhooks deliveries',
    },
  ],
  async run({ arguments: [id = ''], context }) {
    const delivery = await (await context.client()).webhooks.test(id)
    context.output.result(delivery, () => `Test event queued. Result: waybill webhooks deliveries ${id}`)
  },
})

export const deliveriesCommand = defineCommand({
  name: 'webhooks deliveries',
  summary: 'List the deliveries of an endpoint with their responses',
  arguments: [{ name: 'ID', description: 'id of the endpoint; see waybill webhooks' }],
  flags: {
    limit: { type: 'text', short: 'n', value: 'COUNT', description: 'maximum number of deliveries (default: 20)' },
  },
  examples: [{ line: `waybill webhooks deliveries ${ID} --json`, description: 'Print every attempt and response' }],
  async run({ arguments: [id = ''], flags, context }) {
    const { webhooks } = await context.client()
    const limit = readNumber('--limit', flags.limit ?? '20')
    const found = await take(webhooks.deliveries(id, { limit: Math.min(limit, MAX_PAGE_SIZE) }), limit)
    const rows = found.map((one) => [
      one.id,
      sayTime(one.createdAt),
      one.type,
      one.status,
      lastResponse(one),
      one.exportId ?? '',
    ])
    context.output.result(found, () => table(['ID', 'CREATED', 'EVENT', 'STATUS', 'RESPONSE', 'EXPORT'], rows))
  },
})

export const redeliverCommand = defineCommand({
  name: 'webhooks redeliver',
  summary: 'Send a delivery again now, with the same id',
  arguments: [{ name: 'ID', description: 'id of the delivery; see waybill webhooks deliveries' }],
  flags: {},
  examples: [
    { line: `waybill webhooks redeliver ${ID}`, description: 'Send it again after the receiver was repaired' },
  ],
  async run({ arguments: [id = ''], context }) {
    const delivery = await (await context.client()).webhooks.redeliver(id)
    context.output.result(delivery, () => `Delivery ${id} is queued again.`)
  },
})

export const webhookSecretCommand = defineCommand({
  name: 'webhooks secret',
  summary: 'Show the secret that signs webhooks to the --webhook-url of your exports',
  flags: { rotate: { type: 'switch', description: 'create a new one; the old one also signs for another 24 hours' } },
  examples: [{ line: 'waybill webhooks secret', description: 'Print the secret for verifyWebhook' }],
  async run({ flags, context }) {
    const { me } = await context.client()
    const found = flags.rotate ? await me.rotateWebhookSecret() : await me.webhookSecret()
    context.output.result(found, () => found.secret)
  },
})

function lastResponse({ tries }: DeliveryBody): string {
  const last = tries.at(-1)
  if (last === undefined) return ''
  return last.status === null ? (last.error ?? '') : String(last.status)
}
