// A DNS server on a UDP port whose answers the test sets (RFC 1035, only A and AAAA records).
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export interface DnsServer {
  /** In the form of WEBHOOK_DNS_SERVERS. */
  readonly address: string
  /** Sets the addresses of a name. A function is called for each query, with the number of earlier queries of its type. */
  set(name: string, answer: readonly string[] | ((times: number) => readonly string[])): void
  /** The number of queries for the IPv4 addresses of this name. */
  queryCount(name: string): number
  close(): Promise<void>
}

const TYPE_A = 1
const TYPE_AAAA = 28
const NAME_ERROR = 3

export async function startDnsServer(): Promise<DnsServer> {
  const answers = new Map<string, (times: number) => readonly string[]>()
  const counts = new Map<string, number>()
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query)
    const counter = `${name} ${type}`
    const times = counts.get(counter) ?? 0
    counts.set(counter, times + 1)
    const addresses = answers.get(name)?.(times)
    const own = (addresses ?? []).filter((address) => address.includes(':') === (type === TYPE_AAAA))
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | (addresses === undefined ? NAME_ERROR : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(own.length, 6)
    const records = own.map((address) => answerRecord(type, address))
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    set: (name, answer) => void answers.set(name, typeof answer === 'function' ? answer : () => answer),
    queryCount: (name) => counts.get(`${name} ${TYPE_A}`) ?? 0,
    close: () => new Promise((resolve) => socket.close(resolve)),
  }
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

/** A record for the name in the query, with a TTL of 0. */
function answerRecord(type: number, address: string): Buffer {
  const data = type === TYPE_A ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address)
  const fixed = Buffer.alloc(12)
  fixed.writeUInt16BE(0xc00c, 0)
  fixed.writeUInt16BE(type, 2)
  fixed.writeUInt16BE(1, 4)
  fixed.writeUInt16BE(data.byteLength, 10)
  return Buffer.concat([fixed, data])
}

/** Parses groups of hex digits with at most one `::`. */
function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const middle = new Array<number>(8 - before.length - after.length).fill(0)
  const bytes = Buffer.alloc(16)
  for (const [index, group] of [...before, ...middle, ...after].entries()) bytes.writeUInt16BE(group, index * 2)
  return bytes
}
