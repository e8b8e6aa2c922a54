// The address under which a client is rate-limited, and the warning about a proxy that is not configured.
import type { Logger } from '@waybill/shared/process/log.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import type { RequestHandler } from 'express'
import ipaddr from 'ipaddr.js'

/** Behind a proxy that TRUST_PROXY does not name, all clients share one address. Logs a warning about it, once. */
export function warnOfProxy({ config, log }: { config: Pick<Config, 'TRUST_PROXY'>; log: Logger }): RequestHandler {
  let isLogged = config.TRUST_PROXY !== undefined
  return (request, _response, next) => {
    if (!isLogged && request.get('x-forwarded-for') !== undefined) {
      isLogged = true
      log.warn('ignored the header X-Forwarded-For of a request; if a proxy is in front of the API, set TRUST_PROXY')
    }
    next()
  }
}

/**
 * The key under which the requests of a client are counted: its IPv4 address, or its IPv6 network of 64 bits. Providers
 * assign such a network to one customer, who could otherwise use a new address for each request.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  const plain = withoutPort(address)
  if (!ipaddr.isValid(plain)) return address
  const parsed = ipaddr.process(plain)
  if (parsed instanceof ipaddr.IPv4) return parsed.toString()
  return `${new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0])}/64`
}

/**
 * Some proxies append the port, which differs for each connection: `192.0.2.7:50123`, or `[2001:db8::7]:50123` as in
 * RFC 7239, 6. The brackets may also come without a port.
 */
export function withoutPort(address: string): string {
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(address) ?? []
  return bracketed ?? address.replace(/(\.\d+):\d+$/, '$1')
}

/** Whether a server that listens on this address can only be reached from its own machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback')
}
