// Polling with ETag: an answer that has not changed is not sent again.
import { type Call, readRetryAfter, type Transport } from './transport.ts'

/** An answer and what is needed to ask again. Pass it to the next `poll` of the same resource. */
export interface Polled<T> {
  /** The same object as in `previous` when nothing has changed. */
  readonly body: T
  readonly etag: string | undefined
  /** Milliseconds after which the server wants the next request; undefined: it expects no change. */
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
  const retryAfter = readRetryAfter(answer.headers)
  if (answer.status === 304 && previous !== undefined) return { ...previous, retryAfter }
  return { body: answer.body, etag: answer.headers.get('etag') ?? undefined, retryAfter }
}
