// The connection to the S3 server: how requests are addressed, signed and checked.
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { Addressing } from './failure.ts'

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary keys. */
  readonly sessionToken?: string | undefined
}

/** A role whose temporary keys are used, and renewed before they expire. */
export interface Role {
  readonly arn: string
  readonly externalId: string | undefined
  /** URL of the token service. Undefined: AWS. */
  readonly endpoint: string | undefined
}

export interface ClientOptions extends Addressing {
  readonly region: string
  /** Undefined: the AWS default chain (environment, profile, instance role). */
  readonly credentials: AccessKey | undefined
  readonly role?: Role | undefined
  /** False: only where S3 requires a checksum, for servers that refuse the others. */
  readonly checksums: boolean
  /** Milliseconds without an answer after which a request is given up. */
  readonly requestTimeout: number
}

type Credentials = NonNullable<S3ClientConfig['credentials']>

/** @param endpoint instead of that of the options */
export function createClient(options: ClientOptions, endpoint = options.endpoint): S3Client {
  const credentials = credentialsOf(options)
  const checksums = options.checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  return new S3Client({
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    maxAttempts: 4,
    // With `Expect: 100-continue` the SDK opens a connection for each part, with its own handshake, and waits one round trip.
    expectContinueHeader: false,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: options.requestTimeout,
      throwOnRequestTimeout: true,
      // The limit above ends with the first line of the answer; this one holds also within its body.
      socketTimeout: options.requestTimeout,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
}

function credentialsOf({ credentials, role, region }: ClientOptions): Credentials | undefined {
  const own: Credentials | undefined =
    credentials === undefined
      ? undefined
      : {
          accessKeyId: credentials.accessKeyId,
          secretAccessKey: credentials.secretAccessKey,
          ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
        }
  return role === undefined ? own : assumeRole(role, region, own)
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html; the SDK asks again before the keys expire. */
function assumeRole(role: Role, region: string, own: Credentials | undefined): Credentials {
  const sts = new STSClient({
    region,
    ...(role.endpoint === undefined ? {} : { endpoint: role.endpoint }),
    ...(own === undefined ? {} : { credentials: own }),
  })
  const command = new AssumeRoleCommand({
    RoleArn: role.arn,
    RoleSessionName: 'waybill',
    ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
  })
  return async () => {
    const { Credentials: keys } = await sts.send(command)
    if (keys?.AccessKeyId === undefined || keys.SecretAccessKey === undefined) {
      throw Object.assign(new Error('AssumeRole gave no keys'), { name: 'CredentialsProviderError' })
    }
    return {
      accessKeyId: keys.AccessKeyId,
      secretAccessKey: keys.SecretAccessKey,
      ...(keys.SessionToken === undefined ? {} : { sessionToken: keys.SessionToken }),
      ...(keys.Expiration === undefined ? {} : { expiration: keys.Expiration }),
    }
  }
}
