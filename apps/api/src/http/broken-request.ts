// Answers what never became a request: no HTTP, headers without end, or a client that is too slow.
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorCode, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { createProblem } from './problem.ts'

/** By the codes of Node and of its parser; anything else is no HTTP. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
}

/** For `clientError` of a server. No request object exists, so the answer is written by hand, and the connection ends. */
export function refuseBrokenRequest(reason: NodeJS.ErrnoException, socket: Duplex): void {
  // Nobody is there to read an answer.
  if (!socket.writable || reason.code === 'ECONNRESET') return void socket.destroy()
  const problem = createProblem(new WaybillError(CODES[reason.code ?? ''] ?? 'REQUEST_MALFORMED'), '/')
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ]
  // A client that does not read the answer does not keep the connection either.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
