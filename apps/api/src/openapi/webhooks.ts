// What Waybill sends by itself: the webhooks, as an OpenAPI document has them.
import { webhookEventSchema } from '@waybill/shared/contract/webhooks.ts'
import { WEBHOOK_EVENTS } from '@waybill/shared/vocabulary/webhook-events.ts'
import { exampleOf } from './example.ts'
import { type JsonObject, toJsonSchema } from './json-schema.ts'
import type { Components } from './problems.ts'

/** As in Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). */
const HEADERS = {
  'webhook-id': ['The same for every try: keep it to do a thing only once.', 'a7d4c3c2-4f0e-4b0e-9f0a-3c1d2e4f5a6b'],
  'webhook-timestamp': ['When this try was signed, in seconds of Unix time.', '1781006400'],
  'webhook-signature': [
    '`v1,` and the base64 of the HMAC-SHA256 of `{id}.{timestamp}.{body}`; several, with spaces between, while a secret is being changed.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ],
} as const

const ANSWERS = {
  '2XX': { description: 'It has arrived.' },
  '410': { description: 'Nobody is there any more: the endpoint is turned off.' },
  default: { description: 'It is tried again, later and later; redirects are not followed.' },
}

export function webhooks({ schemas }: Components): JsonObject {
  const schema = toJsonSchema(webhookEventSchema, 'output', schemas)
  const example = exampleOf(schema, schemas) as JsonObject
  const parameters = Object.entries(HEADERS).map(([name, [description, value]]) => ({
    ...{ name, in: 'header', required: true, description },
    ...{ schema: { type: 'string' }, example: value },
  }))
  return Object.fromEntries(
    WEBHOOK_EVENTS.map((type) => [
      type,
      {
        post: {
          operationId: `on${type.split('.').map(capitalized).join('')}`,
          tags: ['Webhooks'],
          summary: `Be told that an export has become ${type.split('.')[1]}`,
          security: [],
          parameters,
          requestBody: { required: true, content: { 'application/json': { schema, example: { ...example, type } } } },
          responses: ANSWERS,
        },
      },
    ]),
  )
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
