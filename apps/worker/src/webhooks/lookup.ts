// Looks up the name of a receiver for the very connection that is made, and lets through only addresses that may be called.
import { Resolver } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import type { AddressPolicy } from '@waybill/shared/webhooks/address.ts'

/** The addresses of a name. */
export type Resolve = (name: string) => Promise<string[]>

/** The name leads to an address that must not be called. Which, is not said: it may be a name of the network inside. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/** Milliseconds for one question to one server; asked twice. */
const PATIENCE = 3_000

/**
 * Asks DNS itself, not `getaddrinfo`: that one blocks a thread of the few that look up the storage and the database
 * too, and a receiver whose name server hangs would hold up exports. So /etc/hosts is not read.
 *
 * @param servers undefined: those of the machine
 */
export function createResolve(servers: readonly string[] | undefined): Resolve {
  const resolver = new Resolver({ timeout: PATIENCE, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  return async (name) => {
    // RFC 6761, 6.3; no name server needs to know it.
    if (/^(.+\.)?localhost\.?$/i.test(name)) return ['127.0.0.1']
    const [ipv4, ipv6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    if (ipv4.status === 'rejected' && ipv6.status === 'rejected') throw ipv4.reason
    return [ipv4, ipv6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  }
}

/**
 * For the `lookup` of one connection: what is checked here is what is connected to, so that a name that changes
 * between two questions gains nothing. One address that is refused refuses the name: whoever mixes them means harm.
 * Node does not call it for addresses: those are checked before.
 */
export function createGuardedLookup(resolve: Resolve, policy: AddressPolicy, port: number): LookupFunction {
  return (name, options, callback) => {
    const answer = async () => {
      const addresses = await resolve(name)
      if (!addresses.every((address) => policy.allows(address, port))) throw new AddressRefused()
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    }
    answer().then(
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
