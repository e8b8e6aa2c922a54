// Which address a client counts as.
import { isIPv6 } from 'node:net'
import type { Logger } from '@waybill/shared/process/log.ts'
import type { Config } from '@waybill/shared/settings/schema.ts'
import type { RequestHandler } from 'express'

/** Behind a proxy that is not named in the settings all callers have one address: that is said, once. */
export function warnOfProxy({ config, log }: { config: Pick<Config, 'TRUST_PROXY'>; log: Logger }): RequestHandler {
  let isSaid = config.TRUST_PROXY !== undefined
  return (request, _response, next) => {
    if (!isSaid && request.get('x-forwarded-for') !== undefined) {
      isSaid = true
      log.warn('a request came with X-Forwarded-For, which is not believed: behind a proxy, set TRUST_PROXY')
    }
    next()
  }
}

/**
 * An IPv4 address itself; of IPv6 the network of 64 bits, which is what one customer gets: whoever has it has 2^64
 * addresses. An IPv4 client of a socket that listens on IPv6 is known by its own address.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  // Some proxies add the port, which is another one for each connection.
  const version4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/i.exec(address)?.[1]
  if (version4 !== undefined) return version4
  return isIPv6(address) ? `${expand(address).slice(0, 4).join(':')}::/64` : address
}

/** The first groups of an IPv6 address, with those written out that `::` stands for. */
function expand(address: string): string[] {
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const before = groups(head)
  const after = groups(tail ?? '')
  // A last group in dots stands for two.
  const length = before.length + after.length + (address.includes('.') ? 1 : 0)
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - length }, () => '0')
  return [...before, ...zeros, ...after].map((group) => group.replace(/^0+(?=.)/, ''))
}
