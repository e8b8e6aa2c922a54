// Slow clients and clients that do not send HTTP are disconnected, without a delay for others.
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectProblem } from '../../setup/api/problem.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

let system: TestSystem
beforeAll(async () => {
  const settings = { HTTP_HEADERS_TIMEOUT: '1s', HTTP_REQUEST_TIMEOUT: '2s' }
  system = await startTestSystem({ worker: false, settings })
})
afterAll(() => system.stop())

/** Sends `head`, then repeats `drop` until the server closes the connection. @returns the response */
function drip(head: string, drop?: string): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect(Number(new URL(system.url).port), '127.0.0.1')
    socket.write(head)
    const dripping = setInterval(() => drop !== undefined && socket.write(drop), 50)
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk))
    socket.on('error', () => undefined) // the server may also reset the connection
    socket.on('close', () => {
      clearInterval(dripping)
      resolve(answer)
    })
  })
}

function read(answer: string) {
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Headers(
    lines.map((line): [string, string] => [line.split(': ')[0] ?? '', line.split(': ')[1] ?? '']),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, body: JSON.parse(body) }
}

const REQUEST = `POST /v1/exports HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n`

it('disconnects a client whose headers never end', async () => {
  expectProblem(read(await drip(REQUEST, 'X-More: 1\r\n')), 408, 'REQUEST_TIMEOUT')
})

it('disconnects a client with a valid key whose body never ends', async () => {
  const head = `${REQUEST}Content-Type: application/json\r\nContent-Length: 90000\r\n\r\n{"dataset":"`
  expectProblem(read(await drip(head, 'a')), 408, 'REQUEST_TIMEOUT')
})

it('responds to others while a hundred slow clients are connected', async () => {
  const slow = Array.from({ length: 100 }, () => drip(REQUEST, 'X-More: 1\r\n'))
  for (let i = 0; i < 5; i++) expect((await system.admin.get('/v1/me')).status).toBe(200)
  for (const answer of await Promise.all(slow)) expect(read(answer).status).toBe(408)
})

it('responds with a problem document to invalid HTTP and oversized headers', async () => {
  expectProblem(read(await drip('HELO mail.example.org\r\n\r\n')), 400, 'REQUEST_MALFORMED')
  expectProblem(read(await drip(`${REQUEST}X-Large: ${'x'.repeat(20_000)}\r\n\r\n`)), 431, 'HEADERS_TOO_LARGE')
})
