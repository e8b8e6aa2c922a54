// The addresses that a webhook may reach: internal addresses are refused in every notation.
import { isIP } from 'node:net'
import { createAddressPolicy } from '@waybill/shared/webhooks/address.ts'
import { hostOf, portOf, webhookUrlFault } from '@waybill/shared/webhooks/url.ts'
import { describe, expect, it } from 'vitest'

const strict = createAddressPolicy()
const rules = { allowHttp: false, addresses: strict }

/** From IANA's registries of special-purpose addresses, and RFC 4291, 6052, 3056, 4380, 8215. */
const INSIDE = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.0.1'],
  ...['169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.0.1'],
  '168.63.129.16',
  ...['198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1'],
  ...['255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:8.8.8.8'],
  ...[
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::a00:1',
    '64:ff9b:1::7f00:1',
    '100::1',
    '2001::1',
    '2001:db8::1',
  ],
  ...['2001:0:4136:e378:8000:63bf:3fff:fdd2', '2002:7f00:1::', '2002:a00:1::1', '3fff::1', '5f00::1', 'fc00::1'],
  ...['fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', 'ff0e::1'],
]
const OUTSIDE = ['1.1.1.1', '8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1']

describe('addresses', () => {
  it.each(INSIDE)('%s is refused', (address) => {
    expect(isIP(address)).not.toBe(0)
    expect(strict.allows(address, 443)).toBe(false)
  })

  it.each(OUTSIDE)('%s is called, on 443 and 80 only', (address) => {
    expect([443, 80, 8080, 22, 25, 6379].map((port) => strict.allows(address, port))).toEqual([
      ...[true, true, false, false, false, false],
    ])
  })

  it.each(['localhost', '', '127.1', '0x7f.1', '2130706433', '127.0.0.1.', '[::1]', ' 8.8.8.8'])(
    '%j is not an address, so it is refused',
    (text) => expect(strict.allows(text, 443)).toBe(false),
  )

  it('of an allowed network may be called on any port, and no others', () => {
    const policy = createAddressPolicy(['10.20.0.0/16', 'fd12:3456::/32'])
    expect(['10.20.0.1', '10.20.255.255', 'fd12:3456::1'].map((address) => policy.allows(address, 8080))).toEqual([
      ...[true, true, true],
    ])
    const beside = [
      '10.21.0.1',
      '10.0.0.1',
      'fd12:3457::1',
      '::ffff:10.20.0.1',
      '64:ff9b::a14:1',
      '127.0.0.1',
      '8.8.8.8',
    ]
    for (const address of beside) expect(policy.allows(address, 8080), address).toBe(false)
  })
})

describe('URLs', () => {
  it.each([
    ...['https://127.0.0.1/', 'https://2130706433/', 'https://0x7f.1/', 'https://0177.0.0.1/', 'https://127.1/'],
    ...['https://127.0.0.1./', 'https://[::1]/', 'https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/'],
    ...['https://[64:ff9b::7f00:1]/', 'https://[::]/', 'https://0/', 'https://169.254.169.254/latest/meta-data/'],
    ...['https://%31%32%37.0.0.1/', 'https://10.0.0.1:443/'],
  ])('%s is refused before it is stored', (url) => {
    expect(webhookUrlFault(url, rules)).toBe('points to an address that is not allowed')
  })

  it.each([
    ['http://receiver.example/', /http is not allowed/],
    ['ftp://receiver.example/', /must be an https URL/],
    ['file:///etc/passwd', /must be an https URL/],
    ['javascript:alert(1)', /must be an https URL/],
    ['//receiver.example/', /absolute/],
    ['receiver.example', /absolute/],
    ['https://', /absolute/],
    ['https://user@receiver.example/', /user name/],
    ['https://user:secret@receiver.example/', /user name/],
    ['https://receiver.example/#part', /fragment/],
    ['https://receiver.example:22/', /port 443 or 80/],
    ['https://receiver.example:8443/', /port 443 or 80/],
    ['https://receiver.example/a\r\nX-Evil: 1', /printable ASCII/],
    ['https://recei\tver.example/', /printable ASCII/],
    ['https://receiver.example/ä', /printable ASCII/],
    ['https://①②⑦.0.0.1/', /printable ASCII/],
    [`https://receiver.example/${'x'.repeat(2_000)}`, /2000 characters/],
  ])('%j is refused', (url, why) => {
    expect(webhookUrlFault(url, rules)).toMatch(why)
  })

  it('with host names are checked when they are looked up', () => {
    for (const url of ['https://receiver.example/a?b=c', 'https://receiver.example:80/', 'https://localhost/']) {
      expect(webhookUrlFault(url, rules), url).toBeUndefined()
    }
    const inside = { allowHttp: true, addresses: createAddressPolicy(['10.0.0.0/8']) }
    expect(webhookUrlFault('http://receiver.internal:8080/', inside)).toBeUndefined()
    expect(webhookUrlFault('http://10.1.2.3:8080/', inside)).toBeUndefined()
  })

  it('give host and port as they are connected to', () => {
    const parts = (text: string) => [hostOf(new URL(text)), portOf(new URL(text))]
    expect(parts('https://[2606:4700::1111]/')).toEqual(['2606:4700::1111', 443])
    expect(parts('http://receiver.example/')).toEqual(['receiver.example', 80])
    expect(parts('https://receiver.example:8443/')).toEqual(['receiver.example', 8443])
  })
})
