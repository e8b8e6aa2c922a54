// Responds to what Node could not parse as a request: invalid HTTP, oversized headers, or a client that is too slow.
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorCode, WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { createProblem } from './problem.ts'

/** By the error codes of Node and its parser. Any other code means that the request is not valid HTTP. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
}

/** For the event `clientError`. There is no response object, so this writes to the socket and closes it. */
export function refuseBrokenRequest(reason: NodeJS.ErrnoException, socket: Duplex): void {
  // The client has closed the connection.
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
  // Destroyed, not only ended: a client that does not read the response must not hold the connection.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
