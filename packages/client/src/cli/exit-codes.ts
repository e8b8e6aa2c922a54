// The exit codes of the command line.
import { WaybillError } from '../http/errors.ts'
import { UsageError } from './arguments/usage-error.ts'
import { Interrupted } from './terminal/interrupt.ts'
import { ServerUnreachable } from './unreachable.ts'

/** Stable, because scripts depend on them. Documented in docs/cli.md. */
export const EXIT_CODES = {
  done: { code: 0, meaning: 'success' },
  failed: { code: 1, meaning: 'an error without its own exit code' },
  usage: { code: 2, meaning: 'the command or the request is not valid; no export was requested' },
  refused: { code: 3, meaning: 'the key is missing, not valid or not allowed to do this' },
  missing: { code: 4, meaning: 'the export does not exist, or its file has been removed' },
  ended: { code: 5, meaning: 'the export failed or was canceled' },
  unreachable: { code: 6, meaning: 'the server or the storage is unavailable or busy; retry later' },
  file: {
    code: 7,
    meaning: 'the file was not saved: it already exists, the disk reported an error, or the checksum is wrong',
  },
  interrupted: { code: 130, meaning: 'interrupted with Ctrl-C (143: with SIGTERM)' },
} as const

const { failed, usage, refused, missing, ended, unreachable, file } = EXIT_CODES

const BY_CODE: Readonly<Record<string, number>> = {
  EXPORT_CANCELED: ended.code,
  EXPORT_WITHOUT_FILE: ended.code,
  EXPORT_EXPIRED: missing.code,
  NETWORK: unreachable.code,
  DOWNLOAD_REFUSED: unreachable.code,
  CHECKSUM_MISMATCH: file.code,
  FILE_EXISTS: file.code,
}

const BY_STATUS: Readonly<Record<number, number>> = {
  401: refused.code,
  403: refused.code,
  404: missing.code,
  410: missing.code,
  422: usage.code,
  429: unreachable.code,
  502: unreachable.code,
  503: unreachable.code,
  504: unreachable.code,
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return error.isAboutKey ? refused.code : usage.code
  if (error instanceof Interrupted) return error.exitCode
  if (error instanceof ServerUnreachable) return unreachable.code
  if (error instanceof WaybillError) {
    // For a failed export, `code` is the reason of the failure, not the answer to this call.
    if (error.export !== undefined && error.code !== 'EXPORT_EXPIRED') return ended.code
    return BY_CODE[error.code] ?? BY_STATUS[error.status ?? 0] ?? failed.code
  }
  // Errors of files and disks: ENOSPC, EACCES, EISDIR, …
  return isSystemError(error) ? file.code : failed.code
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
