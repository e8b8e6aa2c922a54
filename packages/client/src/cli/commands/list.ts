// `waybill list`: exports, newest first.
import type { Export } from '@waybill/shared/contract/exports.ts'
import { defineCommand } from '../arguments/command.ts'
import { readNumber } from '../arguments/export-request.ts'
import { CSV_FLAG, isCsv, MAX_PAGE_SIZE, take, writeCsv } from '../lists.ts'
import { table } from '../terminal/output.ts'
import { sayBytes, sayCaller, sayCount, sayTime } from '../terminal/wording.ts'

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
  summary: 'List your exports, newest first',
  flags: {
    all: { type: 'switch', short: 'a', description: 'exports of all users (administrators only)' },
    status: {
      type: 'text',
      short: 's',
      value: 'STATUS',
      choices: STATUSES,
      description: 'only exports with this status',
    },
    dataset: { type: 'text', value: 'NAME', description: 'only exports of this dataset' },
    limit: { type: 'text', short: 'n', value: 'COUNT', description: 'maximum number of exports (default: 20)' },
    ...CSV_FLAG,
  },
  examples: [
    { line: 'waybill list --status running', description: 'Show running exports' },
    { line: `waybill list --all --json | jq -r '.[].id'`, description: 'Print ids for a script' },
    { line: 'waybill list --limit 1000 --csv > exports.csv', description: 'Save the list as CSV' },
  ],
  async run({ flags, context }) {
    const client = await context.client()
    const limit = readNumber('--limit', flags.limit ?? '20')
    const status = STATUSES.find((known) => known === flags.status)
    const query = {
      scope: flags.all ? 'all' : 'mine',
      status,
      dataset: flags.dataset,
    } as const
    if (isCsv(flags, context)) {
      return writeCsv(context.output, limit, (page) => client.exports.csvPage({ ...query, ...page }))
    }
    const found = await take(client.exports.list({ ...query, limit: Math.min(limit, MAX_PAGE_SIZE) }), limit)
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
    ...(isOfAll ? [sayCaller(one.requestedBy, one.requestedByKind)] : []),
  ])
  return table(
    ['ID', 'STATUS', 'DATASET', 'FORMAT', 'ROWS', 'SIZE', 'REQUESTED', ...(isOfAll ? ['REQUESTED BY'] : [])],
    rows,
  )
}
