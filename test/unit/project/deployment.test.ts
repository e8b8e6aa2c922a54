// Compares Dockerfile and docker-compose.yml with the settings, the pinned versions and the workspaces.
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../../packages/shared/src/settings/read.ts'
import { settingsSchema } from '../../../packages/shared/src/settings/schema.ts'

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')
const dockerfile = await read('Dockerfile')
const compose = readOutline(await read('docker-compose.yml'))
const services = children('services')
const settings = Object.fromEntries(
  children('x-settings').map((name) => [name, compose.get(`x-settings.${name}`) ?? '']),
)

describe('docker-compose.yml', () => {
  it('sets only known settings, and enough of them to start', () => {
    expect(Object.keys(settings).filter((name) => !(name in settingsSchema.shape))).toEqual([])
    expect(() => readConfig(withDefaults(settings))).not.toThrow()
  })

  it('passes on the settings for the public address, authentication, webhook targets and metrics', () => {
    const needed = ['PUBLIC_URL', 'TRUST_PROXY', 'OIDC_ISSUER', 'OIDC_AUDIENCE', 'OIDC_CLIENT_ID', 'OIDC_JWKS_URL']
    const roles = ['OIDC_ROLES_CLAIM', 'OIDC_ADMIN_ROLE', 'OIDC_EXPORTER_ROLE']
    const webhooks = ['WEBHOOK_SECRET_KEYS', 'WEBHOOK_ALLOWED_NETWORKS', 'WEBHOOK_ALLOW_HTTP']
    for (const name of [...needed, ...roles, ...webhooks, 'METRICS_TOKEN'])
      expect(settings[name], name).toBe(`\${${name}:-}`)
  })

  it('passes these settings only to processes of Waybill', () => {
    const settingsOf = (name: string) =>
      compose.get(`services.${name}.environment.<<`) ?? compose.get(`services.${name}.environment`)
    const ours = services.filter((name) => settingsOf(name) === '*settings')
    expect(ours).toEqual(['migrate', 'api', 'worker'])
    for (const name of ours) expect(compose.get(`services.${name}.image`)).toMatch(/^waybill:/)
  })

  it('pins a version for every image', () => {
    for (const name of services) expect(compose.get(`services.${name}.image`)).toMatch(/^[\w./-]+:v?\d+\.\d+(\.\d+)?/)
  })

  it('starts each service after its dependencies are healthy', () => {
    for (const name of services) {
      for (const needed of children(`services.${name}.depends_on`)) {
        const condition = compose.get(`services.${name}.depends_on.${needed}.condition`)
        if (needed === 'migrate') expect(condition).toBe('service_completed_successfully')
        else expect([condition, compose.has(`services.${needed}.healthcheck.test`)]).toEqual(['service_healthy', true])
      }
    }
  })

  it('refuses to start without BOOTSTRAP_API_KEY', () => {
    expect(settings.BOOTSTRAP_API_KEY).toMatch(/^\$\{BOOTSTRAP_API_KEY:\?/)
  })

  it('keeps all data in named volumes', () => {
    const mounted = services.flatMap((name) => children(`services.${name}.volumes`)).map((mount) => mount.split(':')[0])
    expect(mounted.toSorted()).toEqual(children('volumes').toSorted())
  })
})

describe('Dockerfile', () => {
  it('uses the same Node version as the tests', async () => {
    const { devDependencies } = JSON.parse(await read('package.json')) as { devDependencies: { node: string } }
    const images = [...dockerfile.matchAll(/^FROM (node:\S+)/gm)].map(([, image]) => image)
    expect(new Set(images)).toEqual(new Set([`node:${devDependencies.node}-bookworm-slim`]))
  })

  it('copies the manifest of every workspace', async () => {
    const { packages } = JSON.parse(await read('package-lock.json')) as { packages: Record<string, unknown> }
    const workspaces = Object.keys(packages).filter((path) => path !== '' && !path.includes('node_modules'))
    const copied = [...dockerfile.matchAll(/^COPY (\S+)\/package\.json \1\/$/gm)].map(([, path]) => path)
    expect(copied.toSorted()).toEqual(workspaces.toSorted())
  })

  it('runs its processes as an unprivileged user', () => {
    // A number: Kubernetes does not look names up when it checks runAsNonRoot.
    expect(dockerfile).toMatch(/\nUSER 1000:1000\n/)
  })
})

/** Expands `${NAME:-value}` to its default, and `${NAME:?message}` to a given value. */
function withDefaults(values: Record<string, string>): Record<string, string> {
  const filled = ([name, value]: [string, string]) => [
    name,
    value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1').replaceAll(/\$\{\w+:\?[^}]*\}/g, 'a-key-of-the-operator'),
  ]
  return Object.fromEntries(Object.entries(values).map(filled))
}

/**
 * Reads YAML as a map from path to value; list items are keys without a value. It supports only the syntax that our files
 * use.
 */
function readOutline(text: string): Map<string, string> {
  const outline = new Map<string, string>()
  const path: { indent: number; key: string }[] = []
  for (const line of text.split('\n')) {
    const [, space = '', key, value = ''] = /^( *)(?:- )?([^#\s].*?)(?:: +(.*)|:)?$/.exec(line) ?? []
    if (key === undefined) continue
    while ((path.at(-1)?.indent ?? -1) >= space.length) path.pop()
    path.push({ indent: space.length, key })
    outline.set(path.map((step) => step.key).join('.'), value.replaceAll(/^["']|["']$/g, ''))
  }
  return outline
}

function children(parent: string): string[] {
  const depth = parent.split('.').length
  const below = [...compose.keys()].filter((path) => path.startsWith(`${parent}.`))
  return below
    .map((path) => path.slice(parent.length + 1))
    .filter((_path, index) => below[index]?.split('.').length === depth + 1)
}
