// /v1/me/webhook-secret: what signs the events that go to the webhookUrl of the caller's own exports.
import { callerSecretSchema } from '@waybill/shared/contract/webhooks.ts'
import { rotateCallerSecret, showCallerSecret } from '@waybill/shared/webhooks/caller-secrets.ts'
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
      summary: 'Show the secret that signs what goes to the webhookUrl of your exports',
      description: 'Made when it is needed first. Each look is in the trail.',
      answers: { 200: { description: 'Your secret.', body: callerSecretSchema } },
      problems: ['WEBHOOKS_NOT_CONFIGURED'],
      async handle(request, response) {
        response.json(presentCallerSecret(await showCallerSecret(db, box, actorOf(request, response))))
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/me/webhook-secret/rotate',
      access: 'caller',
      operationId: 'rotateWebhookSecret',
      tag: 'Webhooks',
      summary: 'Make a new secret of your own; the one before signs beside it for 24 hours',
      answers: { 200: { description: 'Your new secret.', body: callerSecretSchema } },
      problems: ['WEBHOOKS_NOT_CONFIGURED'],
      async handle(request, response) {
        response.json(presentCallerSecret(await rotateCallerSecret(db, box, actorOf(request, response))))
      },
    }),
  ]
}
