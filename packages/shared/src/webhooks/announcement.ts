// Creates the deliveries of an event in the same statement as the transition, so that neither exists without the other.
import { Prisma } from '../database/client.ts'
import { isWebhookEvent } from '../vocabulary/webhook-events.ts'

/**
 * Creates one delivery for each endpoint that subscribes to the event, and one for the `webhookUrl` of the export. They
 * store the state at this moment: an export that expires before the delivery is still reported as completed.
 *
 * @returns another CTE, including the leading comma, that reads the CTE `moved`; empty if no webhook has this event
 */
export function announce(eventType: string): Prisma.Sql {
  if (!isWebhookEvent(eventType)) return Prisma.empty
  return Prisma.sql`, announced AS (
    INSERT INTO waybill.webhook_deliveries (id, endpoint_id, export_id, type, data, next_attempt_at)
    SELECT gen_random_uuid(), target.endpoint_id, moved.id, ${eventType}, jsonb_build_object(
      'id', moved.id, 'dataset', dataset, 'format', format, 'status', moved.status, 'rowCount', row_count,
      'bytes', CASE WHEN row_count IS NOT NULL THEN bytes END, 'sha256', sha256,
      'error', CASE WHEN error_code IS NOT NULL
        THEN jsonb_build_object('code', error_code, 'message', error_message) END), now()
    FROM moved CROSS JOIN LATERAL (
      SELECT e.id FROM waybill.webhook_endpoints e WHERE e.enabled AND ${eventType} = ANY (e.events)
      UNION ALL SELECT NULL WHERE moved.webhook_url IS NOT NULL
    ) AS target (endpoint_id))`
}
