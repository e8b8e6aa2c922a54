// Encrypts the secrets that are stored in the database, so that a copy of the database alone does not reveal them.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { WaybillError } from '../vocabulary/errors.ts'

export interface SecretBox {
  /**
   * @param owner bound to the ciphertext, so that it cannot be moved to another row
   * @throws WaybillError WEBHOOKS_NOT_CONFIGURED
   */
  seal(secret: string, owner: string): string
  /** @throws WaybillError WEBHOOKS_NOT_CONFIGURED, also if the key is unknown; Error if the ciphertext was changed */
  open(sealed: string, owner: string): string
  /** Prefix of everything that is encrypted with the current key; undefined if there is no key. */
  readonly mark: string | undefined
}

/** AES-256-GCM with random 96-bit nonces is safe for 2^32 secrets per key (NIST SP 800-38D, 8.3). */
const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

const UNKNOWN_KEY =
  'A webhook secret is encrypted with a key that is no longer in WEBHOOK_SECRET_KEYS. Rotate the secret.'

interface Key {
  readonly mark: string
  readonly bytes: Buffer
}

/** @param keys 32 bytes each in base64: the first encrypts, all of them decrypt */
export function createSecretBox(keys: readonly string[] = []): SecretBox {
  const known = keys.map((text): Key => {
    const bytes = Buffer.from(text, 'base64')
    return { bytes, mark: `v1.${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.` }
  })
  const requireKey = (): Key => {
    const [first] = known
    if (first === undefined) throw new WaybillError('WEBHOOKS_NOT_CONFIGURED')
    return first
  }
  return {
    mark: known[0]?.mark,
    seal(secret, owner) {
      const { mark, bytes } = requireKey()
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, bytes, nonce).setAAD(Buffer.from(owner))
      const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${mark}${sealed.toString('base64')}`
    },
    open(sealed, owner) {
      requireKey()
      const key = known.find(({ mark }) => sealed.startsWith(mark))
      if (key === undefined) throw new WaybillError('WEBHOOKS_NOT_CONFIGURED', UNKNOWN_KEY)
      const bytes = Buffer.from(sealed.slice(key.mark.length), 'base64')
      const decipher = createDecipheriv(ALGORITHM, key.bytes, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString(
        'utf8',
      )
    },
  }
}
