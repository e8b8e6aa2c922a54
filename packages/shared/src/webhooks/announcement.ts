// Writes the deliveries of an event as part of the statement that makes it happen: neither is there without the other.
import { Prisma } from '../database/client.ts'
import { isWebhookEvent } from '../vocabulary/webhook-events.ts'

/**
 * One delivery for each endpoint that wants the event, and one for the `webhookUrl` of the export. They hold what is
 * true now: an export that has expired meanwhile was completed all the same.
 *
 * @returns a further CTE, with its comma, that reads the rows of the CTE `moved`; nothing for what nobody is told
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
