// /v1/me/webhook-secret: the secret that signs events to the webhookUrl of the caller's own exports.
import { callerSecretSchema } from '@waybill/shared/contract/webhooks.ts'
import { callerSecret, rotateCallerSecret } from '@waybill/shared/webhooks/caller-secrets.ts'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import { actorOf } from '../../auth/actor.ts'
import type { ServerDeps } from '../../deps.ts'
import { defineRoute, type Route } from '../../http/route.ts'
import { presentCallerSecret } from '../../present/webhooks.ts'

export function webhookSecretRoutes({ config, db }: ServerDeps): Route[] {
  const box = createSecretBox(config.WEBHOOK_SECRET_KEYS)
  return [
    defineRoute({
      method: 'get',
      path: '/v1/me/webhook-secret',
      access: 'caller',
      operationId: 'getWebhookSecret',
      tag: 'Webhooks',
      summary: 'Get the secret that signs events to the webhookUrl of your exports',
      description: 'Created on first use, which is recorded in the audit trail.',
      responses: { 200: { description: 'Your secret.', body: callerSecretSchema } },
      problems: ['WEBHOOKS_NOT_CONFIGURED'],
      async handle(request, response) {
        response.json(presentCallerSecret(await callerSecret(db, box, actorOf(request, response))))
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/me/webhook-secret/rotate',
      access: 'caller',
      operationId: 'rotateWebhookSecret',
      tag: 'Webhooks',
      summary: 'Rotate your webhook secret; the old secret also signs for 24 hours',
      responses: { 200: { description: 'Your new secret.', body: callerSecretSchema } },
      problems: ['WEBHOOKS_NOT_CONFIGURED'],
      async handle(request, response) {
        response.json(presentCallerSecret(await rotateCallerSecret(db, box, actorOf(request, response))))
      },
    }),
  ]
}
