// `waybill webhooks …`: manages webhook endpoints, for administrators.
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

const ENDPOINT = [{ name: 'ID', description: 'id of the endpoint; see waybill webhooks' }]
const ID = '01a206bd-3a7c-70dd-b151-2b1407fb87af'

export const webhooksCommand = defineCommand({
  name: 'webhooks',
  summary: 'List the webhook endpoints (administrators only)',
  flags: {},
  examples: [{ line: 'waybill webhooks', description: 'List all endpoints with their status' }],
  async run({ context }) {
    const endpoints = await (await context.client()).webhooks.list()
    const rows = endpoints.map((one) => [one.id, status(one), one.url, one.events.join(' '), one.description])
    context.output.result(endpoints, () => table(['ID', 'STATUS', 'URL', 'EVENTS', 'DESCRIPTION'], rows))
  },
})

export const createWebhookCommand = defineCommand({
  name: 'webhooks create',
  summary: 'Add an endpoint; its secret is shown only once',
  arguments: [{ name: 'URL', description: 'https://…' }],
  flags: {
    events: { type: 'text', value: 'A,B', description: `events to send (default: all): ${EVENTS.join(', ')}` },
    description: { type: 'text', value: 'TEXT', description: 'optional note' },
  },
  examples: [
    {
      line: 'waybill webhooks create https://receiver.example/waybill --events export.completed',
      description: 'Add an endpoint and print its secret',
    },
  ],
  async run({ arguments: [url = ''], flags, context }) {
    const created = await (await context.client()).webhooks.create({
      url,
      ...(flags.events === undefined ? {} : { events: readEvents(flags.events) }),
      ...(flags.description === undefined ? {} : { description: flags.description }),
    })
    context.output.info(`Created endpoint ${created.id}. Its secret is shown only once:`)
    context.output.result(created, () => created.secret)
  },
})

export const changeWebhookCommand = defineCommand({
  name: 'webhooks change',
  summary: 'Change the URL, the events or the description of an endpoint',
  details: [
    'Omitted flags are unchanged. To turn an endpoint off and on: waybill webhooks disable, waybill webhooks enable.',
  ],
  arguments: ENDPOINT,
  flags: {
    // --url is the address of the server.
    address: { type: 'text', value: 'URL', description: 'new URL: https://…' },
    events: { type: 'text', value: 'A,B', description: `events to send: ${EVENTS.join(', ')}, or all` },
    description: { type: 'text', value: 'TEXT', description: 'optional note' },
  },
  examples: [
    { line: `waybill webhooks change ${ID} --events export.failed`, description: 'Send failures only' },
    { line: `waybill webhooks change ${ID} --address https://new.example/hook`, description: 'Change the URL' },
  ],
  async run({ arguments: [id = ''], flags: { address, events, description }, context }) {
    const change: EndpointChangeBody = {
      ...(address === undefined ? {} : { url: address }),
      ...(events === undefined ? {} : { events: events === 'all' ? [...EVENTS] : readEvents(events) }),
      ...(description === undefined ? {} : { description }),
    }
    if (Object.keys(change).length === 0) {
      throw new UsageError('nothing to change: use --address, --events or --description')
    }
    const endpoint = await (await context.client()).webhooks.change(id, change)
    context.output.result(endpoint, () => `${endpoint.url} receives ${endpoint.events.join(', ')}.`)
  },
})

export const enableWebhookCommand = defineCommand({
  name: 'webhooks enable',
  summary: 'Enable an endpoint; it receives new events',
  arguments: ENDPOINT,
  flags: {},
  examples: [{ line: `waybill webhooks enable ${ID}`, description: 'Enable an endpoint after a repair' }],
  async run({ arguments: [id = ''], context }) {
    const endpoint = await (await context.client()).webhooks.change(id, { enabled: true })
    context.output.result(endpoint, () => `${endpoint.url} is enabled.`)
  },
})

export const disableWebhookCommand = defineCommand({
  name: 'webhooks disable',
  summary: 'Disable an endpoint; pending deliveries are abandoned',
  arguments: ENDPOINT,
  flags: {},
  examples: [{ line: `waybill webhooks disable ${ID}`, description: 'Stop deliveries for a while' }],
  async run({ arguments: [id = ''], context }) {
    const endpoint = await (await context.client()).webhooks.change(id, { enabled: false })
    context.output.result(endpoint, () => `${endpoint.url} is disabled.`)
  },
})

export const removeWebhookCommand = defineCommand({
  name: 'webhooks remove',
  summary: 'Delete an endpoint, its secret and its deliveries',
  arguments: ENDPOINT,
  flags: {},
  examples: [{ line: `waybill webhooks remove ${ID}`, description: 'Delete an endpoint' }],
  async run({ arguments: [id = ''], context }) {
    await (await context.client()).webhooks.remove(id)
    context.output.result({ id, removed: true }, () => `Endpoint ${id} is deleted.`)
  },
})

export const rotateWebhookCommand = defineCommand({
  name: 'webhooks rotate-secret',
  summary: 'Create a new secret; the old one also signs for another 24 hours',
  arguments: ENDPOINT,
  flags: {},
  examples: [{ line: `waybill webhooks rotate-secret ${ID}`, description: 'Print the new secret' }],
  async run({ arguments: [id = ''], context }) {
    const rotated = await (await context.client()).webhooks.rotateSecret(id)
    context.output.info('The new secret is shown only once:')
    context.output.result(rotated, () => rotated.secret)
  },
})

function status({ enabled, disabledReason, failingSince }: EndpointBody): string {
  if (!enabled) return `disabled (${disabledReason ?? 'admin'})`
  return failingSince === null ? 'enabled' : 'failing'
}

function readEvents(text: string): (typeof EVENTS)[number][] {
  return text.split(',').map((word) => {
    const event = EVENTS.find((known) => known === word.trim())
    if (event === undefined) throw new UsageError(`unknown event "${word}"`, `Events: ${EVENTS.join(', ')}`)
    return event
  })
}
