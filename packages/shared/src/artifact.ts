// Where the objects of an export are, and the manifest that proves a file complete.
import type { Warning } from './export.ts'
import type { ExportRow } from './ledger.ts'
import type { Column } from './table.ts'

/** Everything of one export, under the prefix of the deployment. */
export function exportPrefix(deployment: string, exportId: string): string {
  return `${deployment}exports/${exportId}/`
}

/** Everything of one attempt: each writes to keys of its own, so a late one overwrites nothing. */
export function attemptPrefix(deployment: string, exportId: string, token: string): string {
  return `${exportPrefix(deployment, exportId)}${token}/`
}

/** The prefix of the attempt that wrote this key. */
export function prefixOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1)
}

export const MANIFEST_NAME = 'manifest.json'

/** What the file is, for whoever must be sure that it is complete; stored beside it as `manifest.json`. */
export interface Manifest {
  readonly exportId: string
  readonly dataset: string
  readonly format: string
  readonly compression: string
  readonly filename: string
  readonly contentType: string
  readonly columns: readonly Column[]
  readonly filters: unknown
  readonly limit: number | null
  readonly rowCount: number
  readonly truncated: boolean
  readonly warnings: readonly Warning[]
  readonly bytes: number
  /** Of the stored object, hex. */
  readonly sha256: string
  /** The file shows the source as it was at this moment. */
  readonly snapshotAt: string
  readonly attempts: number
  readonly requestedBy: string
  readonly createdAt: string
}

/** What is known of a file once it is stored. */
export type ArtifactFacts = Pick<Manifest, 'rowCount' | 'truncated' | 'warnings' | 'bytes' | 'sha256'> & {
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
    columns,
    filters: row.filters,
    limit: row.limit,
    rowCount: facts.rowCount,
    truncated: facts.truncated,
    warnings: facts.warnings,
    bytes: facts.bytes,
    sha256: facts.sha256,
    snapshotAt: facts.snapshotAt.toISOString(),
    attempts: row.attempts,
    requestedBy: row.requestedBy,
    createdAt: row.createdAt.toISOString(),
  }
}
