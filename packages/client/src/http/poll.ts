// Polling with ETag: an answer that has not changed is not sent again.
import { parseRetryAfter } from '@waybill/shared/contract/retry-after'
import type { Call, Transport } from './transport.ts'

/** An answer and what is needed to ask again. Pass it to the next `poll` of the same resource. */
export interface Polled<T> {
  /** The same object as in `previous` when nothing has changed. */
  readonly body: T
  readonly etag: string | undefined
  /** The interval of the server until the next request, in milliseconds; undefined: the server expects no change. */
  readonly retryAfter: number | undefined
}

/** @throws what `send` throws */
export async function poll<T>(
  transport: Transport,
  call: Pick<Call, 'path' | 'query' | 'signal'>,
  previous?: Polled<T>,
): Promise<Polled<T>> {
  const { etag } = previous ?? {}
  const answer = await transport.send<T>({ ...call, headers: etag === undefined ? {} : { 'If-None-Match': etag } })
  const retryAfter = parseRetryAfter(answer.headers.get('retry-after'))
  if (answer.status === 304 && previous !== undefined) return { ...previous, retryAfter }
  return { body: answer.body, etag: answer.headers.get('etag') ?? undefined, retryAfter }
}
