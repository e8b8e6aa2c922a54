// `waybill get`: one export, with what can be done about it.
import type { Export } from '@waybill/shared/contract/exports.ts'
import { defineCommand } from '../arguments/command.ts'
import { facts } from '../terminal/output.ts'
import { sayBytes, sayCount, sayPlace, sayTime, sayWarnings } from '../terminal/wording.ts'

export const getCommand = defineCommand({
  name: 'get',
  summary: 'shows an export',
  arguments: [{ name: 'ID', description: 'of the export; see waybill list' }],
  flags: {},
  examples: [
    { line: 'waybill get 01a206bd-3a7c-70dd-b151-2b1407fb87af', says: 'for people' },
    { line: 'waybill get 01a206bd-3a7c-70dd-b151-2b1407fb87af --json | jq -r .status', says: 'for a script' },
  ],
  async run({ arguments: [id = ''], context }) {
    const found = await (await context.client()).exports.get(id)
    context.output.result(found, () => describeExport(found))
  },
})

export function describeExport(found: Export): string {
  const { progress, error } = found
  const estimate = progress.estimatedRows === null ? '' : ` of about ${sayCount(progress.estimatedRows)}`
  return facts([
    ['id', found.id],
    ['status', found.status],
    ['queue', sayPlace(found)],
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
    ['asked for', `${sayTime(found.createdAt)} by ${found.requestedBy}`],
    ['ended', sayTime(found.finishedAt)],
    ['expires', sayTime(found.expiresAt)],
    ...sayWarnings(found).map((warning) => ['note', warning] as const),
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
      return error?.retryable ? 'ask for it again: it may work' : 'mend what the error says, then ask for it again'
    case 'expired':
      return 'the file has been removed: ask for a new export'
    case 'canceled':
      return undefined
  }
}
