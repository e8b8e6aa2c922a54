// `client.audit`: the whole trail, for administrators.
import type { AuditEventBody, AuditQuery } from '@waybill/shared/contract/audit.ts'
import { items } from '../http/pages.ts'
import type { CallOptions, Sent, Transport } from '../http/transport.ts'

export function createAudit(transport: Transport) {
  return {
    /** Every event, newest first, page by page as you go. */
    list: (query: Sent<AuditQuery> = {}, options: CallOptions = {}): AsyncGenerator<AuditEventBody, void, void> =>
      items<AuditEventBody>(transport, '/v1/audit', { ...query }, options),
  }
}
