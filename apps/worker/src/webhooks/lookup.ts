// Resolves the host name of a receiver for one connection, and refuses addresses that must not be called.
import { Resolver } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import type { AddressPolicy } from '@waybill/shared/webhooks/address.ts'

/** Resolves a host name to its addresses. */
export type Resolve = (name: string) => Promise<string[]>

/** The name resolves to an address that must not be called. The error omits the address: it may be internal. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/** For one query to one server. */
const DNS_QUERY_TIMEOUT_MS = 3_000

const DNS_QUERY_TRIES = 2

/**
 * Uses DNS directly instead of `getaddrinfo`, which blocks one of the few threads that also resolve the storage and the
 * database: a receiver whose name server hangs would delay exports. So /etc/hosts is not read.
 *
 * @param servers undefined: the name servers of the machine
 */
export function createResolve(servers: readonly string[] | undefined): Resolve {
  const resolver = new Resolver({ timeout: DNS_QUERY_TIMEOUT_MS, tries: DNS_QUERY_TRIES })
  if (servers !== undefined) resolver.setServers(servers)
  return async (name) => {
    // RFC 6761, section 6.3: name servers need not know this name.
    if (/^(.+\.)?localhost\.?$/i.test(name)) return ['127.0.0.1']
    const [ipv4, ipv6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    if (ipv4.status === 'rejected' && ipv6.status === 'rejected') throw ipv4.reason
    return [ipv4, ipv6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  }
}

/**
 * The `lookup` option of one connection. The addresses checked here are the ones connected to, so a name whose addresses
 * change between two queries gains nothing. One refused address refuses the name: mixing allowed and internal addresses is
 * an attack. Node does not call `lookup` for a URL with an address; such URLs are checked before.
 */
export function createGuardedLookup(resolve: Resolve, policy: AddressPolicy, port: number): LookupFunction {
  return (name, options, callback) => {
    const checked = async () => {
      const addresses = await resolve(name)
      if (!addresses.every((address) => policy.allows(address, port))) throw new AddressRefused()
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    }
    checked().then(
      (found) => {
        const [first] = found
        if (first === undefined) callback(new AddressRefused(), '')
        else if (options.all === true) callback(null, found)
        else callback(null, first.address, first.family)
      },
      (error: Error) => callback(error, ''),
    )
  }
}
