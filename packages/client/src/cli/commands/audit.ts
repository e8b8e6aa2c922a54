// `waybill audit`: the whole trail, for administrators.
import type { AuditEventBody } from '@waybill/shared/contract/audit.ts'
import { defineCommand } from '../arguments/command.ts'
import { DATE_FORMS, readDate } from '../arguments/dates.ts'
import { readNumber } from '../arguments/export-request.ts'
import { table } from '../terminal/output.ts'
import { sayTime } from '../terminal/wording.ts'

export const auditCommand = defineCommand({
  name: 'audit',
  summary: 'who did what, newest first (administrators only)',
  details: [`Dates: ${DATE_FORMS}.`],
  flags: {
    from: { type: 'text', value: 'DATE', description: 'events of this time or later' },
    to: { type: 'text', value: 'DATE', description: 'events of this time or earlier' },
    actor: { type: 'text', value: 'NAME', description: 'what this caller or worker did, by name or id' },
    type: { type: 'text', value: 'TYPE', description: 'only events of this type, as in export.downloaded' },
    limit: { type: 'text', short: 'n', value: 'COUNT', description: 'how many at most (default: 50)' },
  },
  examples: [
    { line: 'waybill audit --type export.downloaded --from 7d', says: 'who took files this week' },
    { line: 'waybill audit --actor reports --limit 1000 --json', says: 'for a script, with hashes and addresses' },
  ],
  async run({ flags, context }) {
    const { audit } = await context.client()
    const most = readNumber('--limit', flags.limit ?? '50')
    const query = {
      from: flags.from === undefined ? undefined : readDate(flags.from, '--from'),
      to: flags.to === undefined ? undefined : readDate(flags.to, '--to'),
      actor: flags.actor,
      // Whether there is such a type, the server knows.
      type: flags.type as AuditEventBody['type'] | undefined,
      limit: Math.min(most, 200),
    }
    const found: AuditEventBody[] = []
    for await (const event of audit.list(query)) if (found.push(event) >= most) break
    const rows = found.map((one) => [sayTime(one.at), one.type, one.actor, one.address ?? '', one.exportId ?? ''])
    context.output.result(found, () => table(['AT', 'EVENT', 'BY', 'FROM', 'EXPORT'], rows))
  },
})
