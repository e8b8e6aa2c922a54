// Words for the events of the audit trail.
import type { EventType } from '@waybill/shared/vocabulary/event-types.ts'

export const eventText = {
  'export.requested': 'Requested',
  'export.refused': 'Request refused',
  'export.started': 'Started',
  'export.retrying': 'Attempt failed, retrying',
  'export.released': 'Returned to the queue (worker shutting down)',
  'export.completed': 'Completed',
  'export.failed': 'Failed',
  'export.canceled': 'Canceled',
  'export.downloaded': 'Downloaded',
  'export.expired': 'File deleted',
  'export.previewed': 'Previewed',
  'api-key.created': 'API key created',
  'api-key.changed': 'API key changed',
  'api-key.rotated': 'API key rotated',
  'api-key.revoked': 'API key revoked',
  'webhook-endpoint.created': 'Webhook endpoint created',
  'webhook-endpoint.changed': 'Webhook endpoint changed',
  'webhook-endpoint.deleted': 'Webhook endpoint deleted',
  'webhook-endpoint.secret-rotated': 'Webhook endpoint secret rotated',
  'webhook-endpoint.tested': 'Webhook endpoint tested',
  'webhook-endpoint.disabled': 'Webhook endpoint disabled',
  'webhook-delivery.redelivered': 'Webhook redelivered',
  'webhook-secret.shown': 'Webhook secret viewed',
  'webhook-secret.rotated': 'Webhook secret rotated',
} as const satisfies Record<EventType, string>
