// Decides which addresses webhooks may reach: public ones, and networks that the operator allows.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface AddressPolicy {
  /** @param address an IP address, not a host name */
  allows(address: string, port: number): boolean
  /** If true, any port is accepted: only the connection shows whether the name resolves to an allowed network. */
  readonly hasNetworks: boolean
}

/** Ports for public addresses. */
const PUBLIC_PORTS: readonly number[] = [443, 80]

/** The assigned global unicast range. It excludes the deprecated IPv4 forms in IPv6 (RFC 4291, 2.4). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** @param networks in CIDR notation */
export function createAddressPolicy(networks: readonly string[] = []): AddressPolicy {
  const allowed = networks.map((text) => ipaddr.parseCIDR(text))
  return {
    hasNetworks: allowed.length > 0,
    allows(address, port) {
      // Reject an address with a zone (fe80::1%eth0) and anything that is not an address.
      if (isIP(address) === 0 || address.includes('%')) return false
      const parsed = ipaddr.parse(address)
      // An IPv4-mapped IPv6 address only matches IPv6 networks, so that it cannot bypass the rules for IPv4.
      const isAllowed = allowed.some(([network, bits]) => {
        return network.kind() === parsed.kind() && parsed.match(network, bits)
      })
      return isAllowed || (PUBLIC_PORTS.includes(port) && isPublic(parsed))
    },
  }
}

/**
 * Public by the registries, but inside the network of every virtual machine of Azure: the agent, DNS and health checks of
 * the host (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
 */
const AZURE_HOST = '168.63.129.16'

/** ipaddr.js contains the special-purpose registries, and returns "unicast" for an address in none of them. */
function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast' || address.toString() === AZURE_HOST) return false
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_UNICAST)
}
