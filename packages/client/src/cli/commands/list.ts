// `waybill list`: the exports, newest first.
import type { Export } from '@waybill/shared/contract/exports.ts'
import { defineCommand } from '../arguments/command.ts'
import { readNumber } from '../arguments/export-request.ts'
import { table } from '../terminal/output.ts'
import { sayBytes, sayCount, sayTime } from '../terminal/wording.ts'

const STATUSES = [
  'queued',
  'running',
  'completed',
  'failed',
  'canceled',
  'expired',
] as const satisfies Export['status'][]

export const listCommand = defineCommand({
  name: 'list',
  summary: 'your exports, newest first',
  flags: {
    all: { type: 'switch', short: 'a', description: 'those of everybody (administrators only)' },
    status: { type: 'text', short: 's', value: 'STATUS', choices: STATUSES, description: 'only those in this state' },
    dataset: { type: 'text', value: 'NAME', description: 'only those of this dataset' },
    limit: { type: 'text', short: 'n', value: 'COUNT', description: 'how many at most (default: 20)' },
  },
  examples: [
    { line: 'waybill list --status running', says: 'what is at work' },
    { line: `waybill list --all --json | jq -r '.[].id'`, says: 'ids, for a script' },
  ],
  async run({ flags, context }) {
    const client = await context.client()
    const most = readNumber('--limit', flags.limit ?? '20')
    const found: Export[] = []
    const status = STATUSES.find((known) => known === flags.status)
    const query = {
      scope: flags.all ? 'all' : 'mine',
      status,
      dataset: flags.dataset,
      limit: Math.min(most, 200),
    } as const
    for await (const one of client.exports.list(query)) if (found.push(one) >= most) break
    context.output.result(found, () => (found.length === 0 ? 'No exports.' : asTable(found, flags.all)))
  },
})

function asTable(found: readonly Export[], isOfAll: boolean): string {
  const rows = found.map((one) => [
    one.id,
    one.status === 'running' && one.progress.percent !== null ? `running ${one.progress.percent} %` : one.status,
    one.dataset,
    one.compression === 'gzip' ? `${one.format}.gz` : one.format,
    one.rowCount === null ? '' : sayCount(one.rowCount),
    one.bytes === null ? '' : sayBytes(one.bytes),
    sayTime(one.createdAt),
    ...(isOfAll ? [one.requestedBy] : []),
  ])
  return table(['ID', 'STATUS', 'DATASET', 'FORMAT', 'ROWS', 'SIZE', 'ASKED FOR', ...(isOfAll ? ['BY'] : [])], rows)
}
