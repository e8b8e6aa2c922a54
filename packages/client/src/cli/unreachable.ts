// The server stopped answering while a command waited for an export: the error says how to resume.
import { WaybillError } from '../http/errors.ts'
import type { Flags } from './arguments/command.ts'
import { readDuration } from './arguments/durations.ts'

export const TIMEOUT_FLAG = {
  timeout: {
    type: 'text',
    value: 'TIME',
    description: 'how long to retry while the server does not answer: 30s, 10m, 2h (default: 10m)',
  },
} as const satisfies Flags

const DEFAULT_TIMEOUT = '10m'

/** @returns the options of the client @throws UsageError */
export function retryOptions({ timeout = DEFAULT_TIMEOUT }: { readonly timeout: string | undefined }) {
  return { retryFor: readDuration('--timeout', timeout) }
}

export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable'
  /** What the user can do. */
  readonly hint: string
  readonly exportId: string | undefined
  override readonly cause: WaybillError

  constructor(cause: WaybillError, hint: string, exportId?: string) {
    super(cause.message)
    this.cause = cause
    this.hint = hint
    this.exportId = exportId
  }
}

/** Whether the server could not be reached or was not ready, in contrast to an answer of it. */
export function isUnreachable(error: unknown): error is WaybillError {
  if (!(error instanceof WaybillError) || error.export !== undefined) return false
  return error.code === 'NETWORK' || [502, 503, 504].includes(error.status ?? 0)
}

/** Runs `work`. When the server does not answer any more, the error says that the export keeps running. */
export async function withResumeHint<T>(id: string, command: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isUnreachable(error)) throw error
    throw new ServerUnreachable(error, `The export ${id} continues on the server. To download its file: ${command}`, id)
  }
}
