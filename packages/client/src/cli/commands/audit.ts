// `waybill audit`: the audit trail, for administrators.
import type { AuditEventBody } from '@waybill/shared/contract/audit.ts'
import { defineCommand } from '../arguments/command.ts'
import { DATE_FORMS, readDate } from '../arguments/dates.ts'
import { readNumber } from '../arguments/export-request.ts'
import { CSV_FLAG, isCsv, MAX_PAGE_SIZE, take, writeCsv } from '../lists.ts'
import { table } from '../terminal/output.ts'
import { sayCaller, sayTime } from '../terminal/wording.ts'

export const auditCommand = defineCommand({
  name: 'audit',
  summary: 'List events of the audit trail, newest first (administrators only)',
  details: [`Dates: ${DATE_FORMS}.`],
  flags: {
    from: { type: 'text', value: 'DATE', description: 'events at this time or later' },
    to: { type: 'text', value: 'DATE', description: 'events at this time or earlier' },
    actor: { type: 'text', value: 'NAME', description: 'events of this caller or worker, by name or id' },
    type: { type: 'text', value: 'TYPE', description: 'only events of this type, for example export.downloaded' },
    limit: { type: 'text', short: 'n', value: 'COUNT', description: 'maximum number of events (default: 50)' },
    ...CSV_FLAG,
  },
  examples: [
    { line: 'waybill audit --type export.downloaded --from 7d', description: 'Show the downloads of the last 7 days' },
    { line: 'waybill audit --actor reports --limit 1000 --json', description: 'Print all fields for a script' },
    { line: 'waybill audit --from 30d --limit 10000 --csv > audit.csv', description: 'Save the last 30 days as CSV' },
  ],
  async run({ flags, context }) {
    const { audit } = await context.client()
    const limit = readNumber('--limit', flags.limit ?? '50')
    const query = {
      from: flags.from === undefined ? undefined : readDate(flags.from, '--from'),
      to: flags.to === undefined ? undefined : readDate(flags.to, '--to'),
      actor: flags.actor,
      // The server checks the type.
      type: flags.type as AuditEventBody['type'] | undefined,
    }
    if (isCsv(flags, context)) {
      return writeCsv(context.output, limit, (page) => audit.csvPage({ ...query, ...page }))
    }
    const found = await take(audit.list({ ...query, limit: Math.min(limit, MAX_PAGE_SIZE) }), limit)
    const rows = found.map((one) => [
      sayTime(one.at),
      one.type,
      sayCaller(one.actor, one.actorKind),
      one.address ?? '',
      one.exportId ?? '',
    ])
    context.output.result(found, () => table(['TIME', 'EVENT', 'ACTOR', 'IP ADDRESS', 'EXPORT'], rows))
  },
})
