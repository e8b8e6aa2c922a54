// Formats API keys as a table for a terminal.
import { type ApiKeyRow, isValid } from '@waybill/shared/access/api-keys.ts'

const HEADER = ['ID', 'KEY', 'ROLE', 'STATE', 'EXPIRES', 'LAST USED', 'DATASETS', 'NAME']

/** A header, then one line per key. */
export function formatKeys(rows: readonly ApiKeyRow[]): string[] {
  const now = new Date()
  const lines = [HEADER, ...rows.map((row) => cells(row, now))]
  const widths = HEADER.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function cells(row: ApiKeyRow, now: Date): string[] {
  const datasets = row.datasets.length === 0 ? 'all' : row.datasets.join(',')
  // A name may contain control characters, which must not reach the terminal.
  const name = row.name.replaceAll(/\p{Cc}/gu, '?')
  return [row.id, row.prefix, row.role, state(row, now), time(row.expiresAt), time(row.lastUsedAt), datasets, name]
}

function state(row: ApiKeyRow, now: Date): string {
  if (row.revokedAt !== null) return 'revoked'
  if (!isValid(row, now)) return 'expired'
  return row.previousExpiresAt !== null && row.previousExpiresAt > now ? 'valid, overlaps' : 'valid'
}

/** With the precision of a minute. */
function time(date: Date | null): string {
  return date === null ? '-' : `${date.toISOString().slice(0, 16)}Z`
}
