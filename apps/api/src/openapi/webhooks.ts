// Webhooks in the OpenAPI document: the requests that Waybill sends.
import { webhookEventSchema } from '@waybill/shared/contract/webhooks.ts'
import { WEBHOOK_EVENTS } from '@waybill/shared/vocabulary/webhook-events.ts'
import { exampleOf } from './example.ts'
import { type JsonObject, toJsonSchema } from './json-schema.ts'
import type { Components } from './problems.ts'

/** Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). */
const HEADERS = {
  'webhook-id': [
    'The same for all attempts: store it to process each event only once.',
    'a7d4c3c2-4f0e-4b0e-9f0a-3c1d2e4f5a6b',
  ],
  'webhook-timestamp': ['When this attempt was signed, in seconds of Unix time.', '1781006400'],
  'webhook-signature': [
    '`v1,` and the base64 of the HMAC-SHA256 of `{id}.{timestamp}.{body}`. While a secret is rotated, several signatures separated by spaces.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ],
} as const

const RESPONSES = {
  '2XX': { description: 'Delivered.' },
  '410': { description: 'The receiver no longer exists: Waybill disables the endpoint.' },
  default: { description: 'Retried with growing delays. Redirects are not followed.' },
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
          summary: `Notification that an export is ${type.split('.')[1]}`,
          security: [],
          parameters,
          requestBody: { required: true, content: { 'application/json': { schema, example: { ...example, type } } } },
          responses: RESPONSES,
        },
      },
    ]),
  )
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
