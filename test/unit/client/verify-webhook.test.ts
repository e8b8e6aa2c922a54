// The verification of webhooks by a receiver: a request that was not signed with its secret is rejected.
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifyWebhook } from '../../../packages/client/src/verify-webhook.ts'

/** The example of the reference implementations (github.com/standard-webhooks), so not the result of our code. */
const REFERENCE = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  body: '{"test": 2432232314}',
  headers: {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
}
const NOW = { now: 1_614_265_330_000 }
const { secret, body, headers } = REFERENCE
const OTHER = `whsec_${Buffer.from('another secret of 24 byt').toString('base64')}`

describe('verifyWebhook', () => {
  it('reads the event of a signed webhook', async () => {
    expect(await verifyWebhook(body, headers, secret, NOW)).toEqual({ test: 2432232314 })
  })

  it('accepts bytes, Headers, and the headers of node:http', async () => {
    const bytes = new TextEncoder().encode(body)
    expect(await verifyWebhook(bytes, new Headers(headers), secret, NOW)).toEqual({ test: 2432232314 })
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]))
    expect(await verifyWebhook(bytes, upper, secret, NOW)).toEqual({ test: 2432232314 })
  })

  it('accepts any of several signatures and secrets during a rotation', async () => {
    const several = { ...headers, 'webhook-signature': `v1,AAAA v1a,x ${headers['webhook-signature']}` }
    expect(await verifyWebhook(body, several, [OTHER, secret], NOW)).toEqual({ test: 2432232314 })
  })

  it.each<[string, () => [string, Record<string, string>, string]]>([
    ['another body', () => [body.replace('4', '5'), headers, secret]],
    ['another secret', () => [body, headers, OTHER]],
    ['another id', () => [body, { ...headers, 'webhook-id': 'msg_2' }, secret]],
    ['another time', () => [body, { ...headers, 'webhook-timestamp': '1614265331' }, secret]],
    ['no signature', () => [body, { ...headers, 'webhook-signature': '' }, secret]],
    ['a signature that is no base64', () => [body, { ...headers, 'webhook-signature': 'v1,%%%' }, secret]],
    ['a signature cut short', () => [body, { ...headers, 'webhook-signature': 'v1,g0hM9SsE' }, secret]],
    ['a time that is none', () => [body, { ...headers, 'webhook-timestamp': '1614265330.0' }, secret]],
    [
      'a version that we do not know',
      () => [body, { ...headers, 'webhook-signature': `v2${headers['webhook-signature'].slice(2)}` }, secret],
    ],
  ])('refuses %s', async (_what, forged) => {
    const [text, bag, key] = forged()
    await expect(verifyWebhook(text, bag, key, NOW)).rejects.toMatchObject({ code: 'WEBHOOK_NOT_SIGNED' })
  })

  it.each([-301_000, 301_000])('rejects a timestamp that is wrong by %d ms', async (off) => {
    const now = NOW.now + off
    await expect(verifyWebhook(body, headers, secret, { now })).rejects.toMatchObject({ code: 'WEBHOOK_OUT_OF_TIME' })
    expect(await verifyWebhook(body, headers, secret, { now, tolerance: 302 })).toEqual({ test: 2432232314 })
  })

  it('does not reveal its clock to an unsigned request', async () => {
    const old = { ...headers, 'webhook-timestamp': '1' }
    await expect(verifyWebhook(body, old, secret, NOW)).rejects.toMatchObject({ code: 'WEBHOOK_NOT_SIGNED' })
  })

  it('verifies the bytes, also when they are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
    const key = Buffer.from(secret.slice(6), 'base64')
    const signed = createHmac('sha256', key).update('id.1614265330.').update(bytes).digest('base64')
    const bag = { 'webhook-id': 'id', 'webhook-timestamp': '1614265330', 'webhook-signature': `v1,${signed}` }
    expect(await verifyWebhook(bytes, bag, secret, NOW)).toBeTypeOf('object')
  })

  it.each(['', 'whsec_', 'whsec_%%%'])(
    'says so when the secret %j is none, instead of refusing every webhook',
    async (none) => {
      await expect(verifyWebhook(body, headers, none, NOW)).rejects.toThrow(TypeError)
    },
  )
})
