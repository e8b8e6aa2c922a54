// Response bodies of endpoints, deliveries and secrets: lists each field that may leave the service.
import type { CallerSecretBody, DeliveryBody, EndpointBody, TryBody } from '@waybill/shared/contract/webhooks.ts'
import type { CallerSecret } from '@waybill/shared/webhooks/caller-secrets.ts'
import type { DeliveryWithTries, TryRow } from '@waybill/shared/webhooks/deliveries.ts'
import type { EndpointRow } from '@waybill/shared/webhooks/endpoints.ts'
import { isNameFault, NAME_NOT_CALLABLE } from '@waybill/shared/webhooks/name-fault.ts'

export function presentEndpoint(row: EndpointRow): EndpointBody {
  const { id, url, events, description, enabled, createdBy } = row
  return {
    ...{ id, url, events, description, enabled, createdBy },
    disabledAt: row.disabledAt?.toISOString() ?? null,
    disabledReason: row.disabledReason as EndpointBody['disabledReason'],
    failingSince: row.failingSince?.toISOString() ?? null,
    previousSecretExpiresAt: stillToCome(row.previousSecretUntil),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  }
}

export function presentCallerSecret({ row, secret }: CallerSecret): CallerSecretBody {
  return {
    secret,
    createdAt: row.createdAt.toISOString(),
    rotatedAt: row.rotatedAt?.toISOString() ?? null,
    previousSecretExpiresAt: stillToCome(row.previousSecretUntil),
  }
}

/**
 * @param isAdmin whether to include the responses of receivers, and why a name could not be called. Any caller may set a
 *   webhookUrl, and could otherwise read responses of servers that only the service can reach, and find out which names
 *   exist in its network
 */
export function presentDelivery(row: DeliveryWithTries, isAdmin: boolean): DeliveryBody {
  const { id, endpointId, exportId, type, status, attempts, tryCount } = row
  return {
    ...{ id, endpointId, exportId, status, attempts },
    type: type as DeliveryBody['type'],
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
    tries: row.tries.map((one) => presentTry(one, isAdmin)),
    tryCount,
  }
}

/** @param isAdmin as for {@link presentDelivery} */
export function presentTry({ at, milliseconds, status, error, answer }: TryRow, isAdmin: boolean): TryBody {
  return {
    at: at.toISOString(),
    // The time of a lookup differs between names that exist and others.
    ...(isAdmin || !isNameFault(error) ? { milliseconds, error } : { milliseconds: 0, error: NAME_NOT_CALLABLE }),
    status,
    answer: isAdmin ? answer : '',
  }
}

function stillToCome(time: Date | null): string | null {
  return time === null || time <= new Date() ? null : time.toISOString()
}
