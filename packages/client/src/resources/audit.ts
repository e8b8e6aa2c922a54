// `client.audit`: the audit trail, for administrators.
import type { AuditEventBody, AuditQuery as FullQuery } from '@waybill/shared/contract/audit.ts'
import { type CsvPage, csvPage, items, type Page } from '../http/pages.ts'
import type { CallOptions, Sent, Transport } from '../http/transport.ts'

const PATH = '/v1/audit'

/** The format follows from the method. */
type AuditQuery = Omit<FullQuery, 'format'>

export function createAudit(transport: Transport) {
  return {
    /** Every event, newest first. Pages are requested while you iterate. */
    list: (query: Sent<AuditQuery> = {}, options: CallOptions = {}): AsyncGenerator<AuditEventBody, void, void> =>
      items<AuditEventBody>(transport, PATH, { ...query }, options),

    /** One page of the trail as CSV. */
    csvPage: (query: Sent<AuditQuery> = {}, options: CallOptions = {}): Promise<CsvPage> =>
      csvPage(transport, PATH, { ...query }, options),

    /** One page of the trail. */
    async page(query: Sent<AuditQuery> = {}, { signal }: CallOptions = {}): Promise<Page<AuditEventBody>> {
      return (await transport.send<Page<AuditEventBody>>({ path: PATH, query: { ...query }, signal })).body
    },
  }
}
