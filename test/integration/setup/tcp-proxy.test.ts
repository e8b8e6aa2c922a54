// Tests the TCP proxy: the chaos tests rely on the faults that it causes.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../setup/network/tcp-proxy.ts'

let server: Server
let served: Set<Socket>
let proxy: TcpProxy

beforeEach(async () => {
  served = new Set()
  server = createServer((socket) => {
    served.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => served.delete(socket))
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await startTcpProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
})

afterEach(async () => {
  await proxy.close()
  await expect.poll(() => served.size, { message: 'the proxy left a connection open' }).toBe(0)
  server.close()
})

/** A client that records what it receives and how its connection ended. */
function dial() {
  const socket = connect(proxy.port, '127.0.0.1')
  const received = { text: '', ended: '' }
  socket.on('data', (data) => {
    received.text += data.toString('latin1')
  })
  socket.once('error', (error: NodeJS.ErrnoException) => {
    received.ended = error.code ?? error.message
  })
  socket.once('close', () => {
    received.ended ||= 'closed'
  })
  return { socket, received, send: (text: string) => socket.write(text) }
}

async function dialAndGreet() {
  const client = dial()
  client.send('hello')
  await expect.poll(() => client.received.text).toBe('hello')
  return client
}

describe('a TCP proxy', () => {
  it('passes megabytes and the end of the stream unchanged in both directions', async () => {
    const client = dial()
    const text = 'abcdefghij'.repeat(300_000)
    client.socket.end(text)
    await once(client.socket, 'close')
    expect(client.received.ended).toBe('closed')
    expect(client.received.text === text).toBe(true)
    await expect.poll(() => proxy.connections).toBe(0)
  })

  it('cuts: both sides are reset, and a new connection works', async () => {
    const client = await dialAndGreet()
    expect(proxy.connections).toBe(1)
    proxy.cut()
    await expect.poll(() => client.received.ended).toBe('ECONNRESET')
    await expect.poll(() => served.size).toBe(0)
    ;(await dialAndGreet()).socket.destroy()
    expect(proxy.accepted).toBe(2)
  })

  it('refuses: old and new connections are reset until it is restored', async () => {
    const old = await dialAndGreet()
    proxy.refuse()
    const late = dial()
    await expect.poll(() => [old.received.ended, late.received.ended]).toEqual(['ECONNRESET', 'ECONNRESET'])
    proxy.restore()
    ;(await dialAndGreet()).socket.destroy()
  })

  it('stalls: accepts, sends nothing, and continues later', async () => {
    const old = await dialAndGreet()
    proxy.stall()
    old.send(' again')
    const late = dial()
    late.send('late')
    await once(late.socket, 'connect')
    await sleep(200)
    expect([old.received, late.received]).toEqual([
      { text: 'hello', ended: '' },
      { text: '', ended: '' },
    ])
    proxy.restore()
    await expect.poll(() => [old.received.text, late.received.text]).toEqual(['hello again', 'late'])
    old.socket.destroy()
    late.socket.destroy()
  })

  it('freezes the open connections permanently, and passes new ones', async () => {
    const old = await dialAndGreet()
    proxy.freeze()
    old.send('never')
    ;(await dialAndGreet()).socket.destroy()
    proxy.restore()
    await sleep(100)
    expect(old.received).toEqual({ text: 'hello', ended: '' })
    expect(proxy.connections).toBe(1)
    old.socket.destroy()
    await expect.poll(() => proxy.connections).toBe(0)
    expect(served.size, 'the server does not learn that the client has gone').toBe(1)
  })

  it('closes while it is stalled', async () => {
    const client = await dialAndGreet()
    proxy.stall()
    client.send('never')
    await sleep(50)
    await proxy.close()
    await expect.poll(() => client.received.ended).toBe('ECONNRESET')
    proxy = await startTcpProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  })

  it('delays each piece in both directions', async () => {
    const client = await dialAndGreet()
    proxy.delay(150)
    const sentAt = performance.now()
    client.send('!')
    await expect.poll(() => client.received.text).toBe('hello!')
    expect(performance.now() - sentAt).toBeGreaterThan(290)
    client.socket.destroy()
  })

  it('throttles all connections together', async () => {
    const clients = [await dialAndGreet(), await dialAndGreet()]
    proxy.throttle(200_000)
    const sentAt = performance.now()
    for (const { send } of clients) send('x'.repeat(50_000))
    await expect.poll(() => clients.map(({ received }) => received.text.length)).toEqual([50_005, 50_005])
    expect(performance.now() - sentAt).toBeGreaterThan(450)
    for (const { socket } of clients) socket.destroy()
  })

  it('cuts in the middle of a message, once', async () => {
    const client = await dialAndGreet()
    const cut = proxy.cutAfter(3, 'downstream')
    client.send('abcdef')
    await cut
    await expect.poll(() => client.received).toEqual({ text: 'helloabc', ended: 'ECONNRESET' })
    ;(await dialAndGreet()).socket.destroy()
  })

  it('drops the answer to a delivered message, also one in pieces', async () => {
    const receivedByServer: string[] = []
    const bystander = await dialAndGreet()
    const client = await dialAndGreet()
    for (const socket of served) socket.on('data', (data) => receivedByServer.push(data.toString()))
    const lost = proxy.cutAnswerTo('COMMIT')
    bystander.send('other')
    client.send('COM')
    await expect.poll(() => client.received.text).toBe('helloCOM')
    client.send('MIT')
    await lost
    await expect.poll(() => client.received).toEqual({ text: 'helloCOM', ended: 'ECONNRESET' })
    expect(receivedByServer.join('')).toContain('MIT')
    expect(bystander.received).toEqual({ text: 'helloother', ended: '' })
    bystander.socket.destroy()
  })
})
