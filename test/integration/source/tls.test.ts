// A source with TLS: COPY works over an encrypted connection too.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createSelfSigned } from '../../setup/network/self-signed.ts'
import { endpointOf } from '../../setup/network/tcp-proxy.ts'
import { createSource, readTable, textQuery, useSource } from '../../setup/source.ts'

const given = useSource()
let server: Server
let url = ''

/** https://www.postgresql.org/docs/current/protocol-flow.html, "SSL Session Encryption" */
async function serve(socket: Socket, certificate: { key: string; cert: string }): Promise<void> {
  await once(socket, 'readable')
  const request: Buffer = socket.read(8)
  expect(request.readUInt32BE(4)).toBe(80_877_103)
  socket.write('S')
  const secure = new TLSSocket(socket, { isServer: true, ...certificate })
  const upstream = connect(endpointOf(inject('postgresUrl')))
  await Promise.allSettled([pipeline(secure, upstream), pipeline(upstream, secure)])
}

beforeAll(async () => {
  const certificate = createSelfSigned('localhost')
  server = createServer((socket) => void serve(socket, certificate).catch(() => socket.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const through = new URL(given.url)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)
  through.searchParams.set('sslmode', 'no-verify')
  url = through.href
})
afterAll(() => void server.close())

it('gives every row once, and its connection serves the next read', async () => {
  const source = createSource(url)
  try {
    for (let read = 0; read < 2; read++) {
      const rows = await readTable(source, textQuery(`SELECT repeat('x', 100) || i FROM generate_series(1, 50000) i`))
      expect(rows).toHaveLength(50_000)
      expect(rows.at(-1)).toEqual([`${'x'.repeat(100)}50000`])
    }
    await expect(readTable(source, textQuery('SELECT 1 / 0'))).rejects.toMatchObject({ code: 'SOURCE_QUERY_FAILED' })
  } finally {
    await source.$disconnect()
  }
})
