// Creates a self-signed certificate for a TLS server of a test (X.509 in DER, RFC 5280 and X.690).
import { generateKeyPairSync, sign } from 'node:crypto'

export interface SelfSigned {
  /** PEM. */
  readonly key: string
  /** PEM. It is also the certificate of the authority. */
  readonly cert: string
}

/** @param name the common name of the subject and the DNS name */
export function createSelfSigned(name: string): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'))
  const commonName = sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(name)))
  const subject = sequence(der(0x31, commonName))
  const hour = 3_600_000
  const validity = sequence(utcTime(Date.now() - hour), utcTime(Date.now() + 24 * hour))
  const alternativeName = sequence(der(0x82, Buffer.from(name, 'latin1')))
  const authority = sequence(der(0x01, Buffer.from([0xff])))
  const extensions = sequence(
    sequence(Buffer.from('0603551d11', 'hex'), der(0x04, alternativeName)),
    sequence(Buffer.from('0603551d13', 'hex'), der(0x04, authority)),
  )
  const certificate = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.from([1])),
    ...[ecdsaWithSha256, subject, validity, subject],
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const signature = sign('sha256', certificate, privateKey)
  const whole = sequence(certificate, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = whole
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

function der(tag: number, content: Buffer): Buffer {
  const { byteLength } = content
  return Buffer.concat([Buffer.from([tag, ...lengthOf(byteLength)]), content])
}

/** The shortest form, as DER requires. */
function lengthOf(bytes: number): number[] {
  if (bytes < 128) return [bytes]
  return bytes < 256 ? [0x81, bytes] : [0x82, bytes >> 8, bytes & 0xff]
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

/** `260609120000Z` */
function utcTime(time: number): Buffer {
  const text = new Date(time).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${text}Z`))
}
