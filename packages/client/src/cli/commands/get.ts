// `waybill get`: the details of one export.
import type { Export } from '@waybill/shared/contract/exports.ts'
import { defineCommand } from '../arguments/command.ts'
import { facts } from '../terminal/output.ts'
import { sayBytes, sayCaller, sayCount, sayPlace, sayTime, sayWait, sayWarnings } from '../terminal/wording.ts'

export const getCommand = defineCommand({
  name: 'get',
  summary: 'Show an export',
  arguments: [{ name: 'ID', description: 'id of the export; see waybill list' }],
  flags: {},
  examples: [
    { line: 'waybill get 01a206bd-3a7c-70dd-b151-2b1407fb87af', description: 'Show the details' },
    {
      line: 'waybill get 01a206bd-3a7c-70dd-b151-2b1407fb87af --json | jq -r .status',
      description: 'Print the status for a script',
    },
  ],
  async run({ arguments: [id = ''], context }) {
    const found = await (await context.client()).exports.get(id)
    context.output.result(found, () => describeExport(found))
  },
})

function describeExport(found: Export): string {
  const { progress, error } = found
  const estimate = progress.estimatedRows === null ? '' : ` of about ${sayCount(progress.estimatedRows)}`
  return facts([
    ['id', found.id],
    ['status', found.status],
    ['queue', sayPlace(found)],
    ['waits', found.status === 'queued' ? sayWait(found, Date.now()) : undefined],
    ['dataset', found.dataset],
    ['format', found.compression === 'gzip' ? `${found.format}, compressed` : found.format],
    [
      'filters',
      Object.entries(found.filters)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
    ],
    ['columns', found.columns.join(', ')],
    ['limit', found.limit === null ? undefined : sayCount(found.limit)],
    ['rows', found.rowCount === null ? `${sayCount(progress.rows)}${estimate}` : sayCount(found.rowCount)],
    ['size', found.bytes === null ? undefined : `${sayBytes(found.bytes)} (${found.bytes} bytes)`],
    ['sha256', found.sha256],
    ['file', found.filename],
    ['snapshot', sayTime(found.snapshotAt)],
    ['requested', sayTime(found.createdAt)],
    ['requested by', sayCaller(found.requestedBy, found.requestedByKind)],
    ['finished', sayTime(found.finishedAt)],
    ['expires', sayTime(found.expiresAt)],
    ...sayWarnings(found).map((warning) => ['warning', warning] as const),
    ['error', error === undefined ? undefined : `${error.code}: ${error.message}`],
    ['next', nextStep(found)],
  ])
}

function nextStep({ id, status, error }: Export): string | undefined {
  switch (status) {
    case 'completed':
    case 'queued':
    case 'running':
      return `waybill download ${id}`
    case 'failed':
      return error?.retryable ? 'retry: the error may be temporary' : 'fix the cause of the error, then export again'
    case 'expired':
      return 'the file has been removed: export again'
    case 'canceled':
      return undefined
  }
}
