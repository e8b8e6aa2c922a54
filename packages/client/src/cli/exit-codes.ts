// What the exit code of the command line says to a script.
import { WaybillError } from '../http/errors.ts'
import { UsageError } from './arguments/usage-error.ts'
import { Interrupted } from './terminal/interrupt.ts'

/** Stable: scripts match on these. Documented in docs/cli.md. */
export const EXIT_CODES = {
  done: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'something went wrong that has no code of its own' },
  usage: { code: 2, meaning: 'the command or the request is not valid; nothing was asked for' },
  refused: { code: 3, meaning: 'no key, a key that is not valid, or one that may not do this' },
  missing: { code: 4, meaning: 'there is no such export, or its file has been removed' },
  ended: { code: 5, meaning: 'the export failed or was canceled' },
  unreachable: { code: 6, meaning: 'the server or the storage is away or busy; trying again later may help' },
  file: {
    code: 7,
    meaning: 'the file is not there or not right: it exists already, the disk refused, the checksum is wrong',
  },
  interrupted: { code: 130, meaning: 'interrupted with Ctrl-C (143: by SIGTERM)' },
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
  if (error instanceof WaybillError) {
    // An export that failed has the code of what it failed of, which is no answer to us.
    if (error.export !== undefined && error.code !== 'EXPORT_EXPIRED') return ended.code
    return BY_CODE[error.code] ?? BY_STATUS[error.status ?? 0] ?? failed.code
  }
  // What Node says of files and disks: ENOSPC, EACCES, EISDIR, …
  return isSystemError(error) ? file.code : failed.code
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
