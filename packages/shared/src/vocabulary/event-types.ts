// The types of events in the audit trail.

/** `docs/audit.md` explains when each is written. */
export const EVENT_TYPES = [
  'export.requested',
  'export.refused',
  'export.started',
  'export.retrying',
  'export.released',
  'export.completed',
  'export.failed',
  'export.canceled',
  'export.downloaded',
  'export.link-issued',
  'export.expired',
  'export.previewed',
  'access.refused',
  'api-key.created',
  'api-key.changed',
  'api-key.rotated',
  'api-key.revoked',
  'webhook-endpoint.created',
  'webhook-endpoint.changed',
  'webhook-endpoint.deleted',
  'webhook-endpoint.secret-rotated',
  'webhook-endpoint.tested',
  'webhook-endpoint.disabled',
  'webhook-delivery.redelivered',
  'webhook-secret.created',
  'webhook-secret.shown',
  'webhook-secret.rotated',
  'audit.erased',
] as const
export type EventType = (typeof EVENT_TYPES)[number]
