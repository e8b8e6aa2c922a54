// Webhook secrets: their encryption in the database, and their signatures.
import { randomBytes } from 'node:crypto'
import { createSecretBox } from '@waybill/shared/webhooks/secret-box.ts'
import { createWebhookSecret, webhookHeaders } from '@waybill/shared/webhooks/signature.ts'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'

const key = () => randomBytes(32).toString('base64')

describe('the box', () => {
  it('decrypts what it encrypted, and reveals nothing of it', () => {
    const box = createSecretBox([key()])
    const sealed = box.seal('whsec_geheim', 'endpoint:1')
    expect(sealed).not.toContain('geheim')
    expect(Buffer.from(sealed.split('.').at(-1) ?? '', 'base64').toString('latin1')).not.toContain('geheim')
    expect(box.open(sealed, 'endpoint:1')).toBe('whsec_geheim')
    expect(box.seal('whsec_geheim', 'endpoint:1')).not.toBe(sealed)
  })

  it('decrypts only for the owner of the secret', () => {
    const box = createSecretBox([key()])
    const sealed = box.seal('secret', 'endpoint:1')
    expect(() => box.open(sealed, 'endpoint:2')).toThrow()
    expect(() => box.open(sealed, 'caller:1')).toThrow()
  })

  it('does not decrypt when one bit was changed', () => {
    const box = createSecretBox([key()])
    const sealed = box.seal('secret', 'o')
    const mark = String(box.mark)
    const bytes = Buffer.from(sealed.slice(mark.length), 'base64')
    for (const [index, byte] of bytes.entries()) {
      const changed = Buffer.from(bytes)
      changed[index] = byte ^ 1
      expect(() => box.open(`${mark}${changed.toString('base64')}`, 'o'), `byte ${index}`).toThrow()
    }
    expect(() => box.open(mark, 'o')).toThrow()
  })

  it('decrypts with an old key after a new key was added', () => {
    const [old, young] = [key(), key()]
    const sealed = createSecretBox([old]).seal('secret', 'o')
    const both = createSecretBox([young, old])
    expect(both.open(sealed, 'o')).toBe('secret')
    expect(createSecretBox([young]).open(both.seal('secret', 'o'), 'o')).toBe('secret')
    expect(() => createSecretBox([young]).open(sealed, 'o')).toThrow(/WEBHOOK_SECRET_KEYS/)
  })

  it('reports a missing key', () => {
    const box = createSecretBox(undefined)
    expect(() => box.seal('secret', 'o')).toThrow(expect.objectContaining({ code: 'WEBHOOKS_NOT_CONFIGURED' }))
    expect(() => box.open('v1.x.y', 'o')).toThrow(expect.objectContaining({ code: 'WEBHOOKS_NOT_CONFIGURED' }))
  })
})

describe('signatures', () => {
  const message = { id: 'msg', sentAt: new Date(), body: '{"ü":1}' }

  it('match the example of the specification', () => {
    // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    const example = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      sentAt: new Date(1_614_265_330_000),
      body: '{"test": 2432232314}',
    }
    expect(webhookHeaders(example, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])['webhook-signature']).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    )
  })

  it('of two secrets are valid for either secret and for no other', () => {
    const [young, old, other] = [createWebhookSecret(), createWebhookSecret(), createWebhookSecret()]
    const headers = webhookHeaders(message, [young, old])
    for (const secret of [young, old]) expect(new Webhook(secret).verify(message.body, headers)).toEqual({ ü: 1 })
    expect(() => new Webhook(other).verify(message.body, headers)).toThrow()
    expect(() => new Webhook(young).verify(message.body.replace('1', '2'), headers)).toThrow()
    expect(() => new Webhook(young).verify(message.body, { ...headers, 'webhook-id': 'other' })).toThrow()
  })

  it('use random secrets of 32 bytes', () => {
    const secrets = Array.from({ length: 100 }, createWebhookSecret)
    expect(new Set(secrets).size).toBe(100)
    for (const secret of secrets) {
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
      expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32)
    }
  })
})
