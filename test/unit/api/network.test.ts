// Rate limits: all addresses that one client can use share one counter.
import { expect, it } from 'vitest'
import { networkOf } from '../../../apps/api/src/http/network.ts'

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['192.0.2.7:50123', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8::/64'],
  ['::1', '::/64'],
  ['::', '::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['64:ff9b::192.0.2.7', '64:ff9b::/64'],
  ['::ffff:192.0.2.7:50123', '192.0.2.7'],
  ['[2001:db8::7]:50123', '2001:db8::/64'],
  ['[2001:db8::7]:50124', '2001:db8::/64'],
  ['[2001:db8::7]', '2001:db8::/64'],
  ['[::ffff:192.0.2.7]:50123', '192.0.2.7'],
  ['[no address]:1', '[no address]:1'],
  ['no address', 'no address'],
  [undefined, 'unknown'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
