// The keys of the objects of an export, and the manifest that proves that a file is complete.
import type { Manifest } from '../contract/manifest.ts'
import type { Warning } from '../vocabulary/export.ts'
import type { Column } from '../vocabulary/table.ts'
import type { ExportRow } from './export-row.ts'

/** Of the objects of all exports, below the prefix of the storage. */
export const EXPORTS_PREFIX = 'exports/'

/** Of the objects of one export. */
export function exportPrefix(exportId: string): string {
  return `${EXPORTS_PREFIX}${exportId}/`
}

/** Of the objects of one attempt. Each attempt has its own, so a late one overwrites nothing. */
export function attemptPrefix(exportId: string, token: string): string {
  return `${exportPrefix(exportId)}${token}/`
}

/** The prefix of the attempt that wrote the object with this key. */
export function prefixOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1)
}

export const MANIFEST_NAME = 'manifest.json'

/** The facts that are known once a file is stored. */
export type ArtifactFacts = Pick<Manifest, 'rowCount' | 'truncated' | 'bytes' | 'sha256'> & {
  readonly warnings: readonly Warning[]
  readonly snapshotAt: Date
}

export function createManifest(row: ExportRow, columns: readonly Column[], facts: ArtifactFacts): Manifest {
  return {
    exportId: row.id,
    dataset: row.dataset,
    format: row.format,
    compression: row.compression,
    filename: row.filename,
    contentType: row.contentType,
    columns: [...columns],
    filters: row.filters,
    limit: row.limit,
    rowCount: facts.rowCount,
    truncated: facts.truncated,
    warnings: [...facts.warnings],
    bytes: facts.bytes,
    sha256: facts.sha256,
    snapshotAt: facts.snapshotAt.toISOString(),
    attempts: row.attempts,
    requestedBy: row.requestedBy,
    createdAt: row.createdAt.toISOString(),
  }
}
