// Where webhooks may go: addresses that lie outside, or in a network that the operator allows.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface AddressPolicy {
  /** Whether a connection to this address (no name) on this port may be made. */
  allows(address: string, port: number): boolean
  /** Any port may be asked for: whether the name leads to an allowed network is found out at the connection. */
  readonly hasNetworks: boolean
}

/** Elsewhere than in allowed networks. */
const PORTS: readonly number[] = [443, 80]

/** All that is given out as global unicast; outside of it are the deprecated forms of IPv4 in IPv6 too (RFC 4291, 2.4). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** @param networks in CIDR notation */
export function createAddressPolicy(networks: readonly string[] = []): AddressPolicy {
  const allowed = networks.map((text) => ipaddr.parseCIDR(text))
  return {
    hasNetworks: allowed.length > 0,
    allows(address, port) {
      // The name of an interface behind it (fe80::1%eth0), or what is no plain address: refused.
      if (isIP(address) === 0 || address.includes('%')) return false
      const parsed = ipaddr.parse(address)
      // An IPv4 address in the form of IPv6 is in the networks of IPv6 only: whoever writes it so wants to get around.
      const isAllowed = allowed.some(([network, bits]) => {
        return network.kind() === parsed.kind() && parsed.match(network, bits)
      })
      return isAllowed || (PORTS.includes(port) && isPublic(parsed))
    },
  }
}

/** By the registries of special addresses that ipaddr.js has: what is in none of them is "unicast". */
function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_UNICAST)
}
