// `waybill webhooks …`: who is told how exports end, for administrators.
import type { EndpointBody, EndpointChangeBody, NewEndpointBody } from '@waybill/shared/contract/webhooks.ts'
import { defineCommand } from '../arguments/command.ts'
import { UsageError } from '../arguments/usage-error.ts'
import { table } from '../terminal/output.ts'

const EVENTS = [
  'export.completed',
  'export.failed',
  'export.canceled',
  'export.expired',
] as const satisfies NewEndpointBody['events']

const ENDPOINT = [{ name: 'ID', description: 'of the endpoint; see waybill webhooks' }]
const ID = '01a206bd-3a7c-70dd-b151-2b1407fb87af'

export const webhooksCommand = defineCommand({
  name: 'webhooks',
  summary: 'the webhook endpoints (administrators only)',
  flags: {},
  examples: [{ line: 'waybill webhooks', says: 'newest first, with their state' }],
  async run({ context }) {
    const endpoints = await (await context.client()).webhooks.list()
    const rows = endpoints.map((one) => [one.id, state(one), one.url, one.events.join(' '), one.description])
    context.output.result(endpoints, () => table(['ID', 'STATE', 'URL', 'EVENTS', ''], rows))
  },
})

export const createWebhookCommand = defineCommand({
  name: 'webhooks create',
  summary: 'registers an endpoint, and shows its secret this once',
  arguments: [{ name: 'URL', description: 'https://…' }],
  flags: {
    events: { type: 'text', value: 'A,B', description: `those to be told of (default: all): ${EVENTS.join(', ')}` },
    description: { type: 'text', value: 'TEXT', description: 'for people' },
  },
  examples: [
    {
      line: 'waybill webhooks create https://receiver.example/waybill --events export.completed',
      says: 'prints its secret',
    },
  ],
  async run({ arguments: [url = ''], flags, context }) {
    const made = await (await context.client()).webhooks.create({
      url,
      ...(flags.events === undefined ? {} : { events: readEvents(flags.events) }),
      ...(flags.description === undefined ? {} : { description: flags.description }),
    })
    context.output.remark(`Made endpoint ${made.id}. Its secret is shown this once:`)
    context.output.result(made, () => made.secret)
  },
})

export const changeWebhookCommand = defineCommand({
  name: 'webhooks change',
  summary: 'changes where an endpoint is, what it is told of, or its description',
  details: ['What is not named stays. To turn it off and on: waybill webhooks disable, waybill webhooks enable.'],
  arguments: ENDPOINT,
  flags: {
    // Not --url, which is the server's.
    address: { type: 'text', value: 'URL', description: 'where it is: https://…' },
    events: { type: 'text', value: 'A,B', description: `those to be told of: ${EVENTS.join(', ')}, or all` },
    description: { type: 'text', value: 'TEXT', description: 'for people' },
  },
  examples: [
    { line: `waybill webhooks change ${ID} --events export.failed`, says: 'told of failures only' },
    { line: `waybill webhooks change ${ID} --address https://new.example/hook`, says: 'it has moved' },
  ],
  async run({ arguments: [id = ''], flags: { address, events, description }, context }) {
    const change: EndpointChangeBody = {
      ...(address === undefined ? {} : { url: address }),
      ...(events === undefined ? {} : { events: events === 'all' ? [...EVENTS] : readEvents(events) }),
      ...(description === undefined ? {} : { description }),
    }
    if (Object.keys(change).length === 0) {
      throw new UsageError('waybill webhooks change needs what to change: --address, --events or --description')
    }
    const endpoint = await (await context.client()).webhooks.change(id, change)
    context.output.result(endpoint, () => `${endpoint.url} is told of ${endpoint.events.join(', ')}.`)
  },
})

export const enableWebhookCommand = defineCommand({
  name: 'webhooks enable',
  summary: 'lets an endpoint be told again, from now on',
  arguments: ENDPOINT,
  flags: {},
  examples: [{ line: `waybill webhooks enable ${ID}`, says: 'after it was mended' }],
  async run({ arguments: [id = ''], context }) {
    const endpoint = await (await context.client()).webhooks.change(id, { enabled: true })
    context.output.result(endpoint, () => `${endpoint.url} is enabled.`)
  },
})

export const disableWebhookCommand = defineCommand({
  name: 'webhooks disable',
  summary: 'tells an endpoint nothing any more; what is pending is given up',
  arguments: ENDPOINT,
  flags: {},
  examples: [{ line: `waybill webhooks disable ${ID}`, says: 'for a while' }],
  async run({ arguments: [id = ''], context }) {
    const endpoint = await (await context.client()).webhooks.change(id, { enabled: false })
    context.output.result(endpoint, () => `${endpoint.url} is disabled.`)
  },
})

export const removeWebhookCommand = defineCommand({
  name: 'webhooks remove',
  summary: 'removes an endpoint, its secret and its deliveries',
  arguments: ENDPOINT,
  flags: {},
  examples: [{ line: `waybill webhooks remove ${ID}`, says: 'for good' }],
  async run({ arguments: [id = ''], context }) {
    await (await context.client()).webhooks.remove(id)
    context.output.result({ id, removed: true }, () => `Endpoint ${id} is removed.`)
  },
})

export const rotateWebhookCommand = defineCommand({
  name: 'webhooks rotate-secret',
  summary: 'gives an endpoint a new secret; the old one signs beside it for 24 hours',
  arguments: ENDPOINT,
  flags: {},
  examples: [{ line: `waybill webhooks rotate-secret ${ID}`, says: 'prints the new one' }],
  async run({ arguments: [id = ''], context }) {
    const rotated = await (await context.client()).webhooks.rotateSecret(id)
    context.output.remark('The new secret is shown this once:')
    context.output.result(rotated, () => rotated.secret)
  },
})

function state({ enabled, disabledReason, failingSince }: EndpointBody): string {
  if (!enabled) return `disabled (${disabledReason ?? 'admin'})`
  return failingSince === null ? 'enabled' : 'failing'
}

function readEvents(text: string): (typeof EVENTS)[number][] {
  return text.split(',').map((word) => {
    const event = EVENTS.find((known) => known === word.trim())
    if (event === undefined) throw new UsageError(`"${word}" is no event`, `Events: ${EVENTS.join(', ')}`)
    return event
  })
}
