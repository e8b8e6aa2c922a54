// The OpenAPI document: linter, examples, and the API reference at /docs.
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiClient } from '../../setup/api/api-client.ts'
import { exampleFaults } from '../../setup/api/openapi.ts'
import { launchBrowser } from '../../setup/page/browser.ts'
import { ADMIN_KEY, startTestSystem, type TestSystem } from '../../setup/system.ts'

type Paths = Record<string, { readonly tags: readonly string[]; readonly operationId: string }>

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem({ worker: false })
})
afterAll(() => system.stop())

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${system.url}${path}`, { headers })
const AS_ADMIN = { Authorization: `Bearer ${ADMIN_KEY}` }
const readDocument = async (headers: Record<string, string> = AS_ADMIN) =>
  (await (await get('/openapi.json', headers)).json()) as Record<string, never>

it.each([
  ['all datasets', AS_ADMIN],
  ['no datasets', {}],
])('passes the strict rules of the linter with %s', async (_, headers) => {
  const source = await (await get('/openapi.json', headers)).text()
  const { paths } = JSON.parse(source)
  const config = await createConfig({ extends: ['recommended-strict'] })
  const found = await lintFromString({ source, absoluteRef: 'openapi.json', config })
  const operationAt = (pointer = '') => {
    const [path = '', method = ''] = pointer.split('/').slice(2)
    return paths[path.replaceAll('~1', '/')]?.[method]
  }
  const faults = found.filter(({ ruleId, location }) => {
    const operation = operationAt(location[0]?.pointer)
    // A public operation without parameters cannot be called incorrectly.
    if (ruleId === 'operation-4xx-response') return operation?.security.length !== 0
    // A download only redirects.
    if (ruleId === 'operation-2xx-response') return operation?.responses[303] === undefined
    return true
  })
  expect(faults.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`)).toEqual([])
})

it('each example is valid under its schema', async () => {
  expect(exampleFaults(await readDocument())).toEqual([])
  expect(exampleFaults(await readDocument({}))).toEqual([])
})

it('is public, and 304 when it has not changed', async () => {
  const stranger = createApiClient(system.url, undefined)
  const first = await stranger.get('/openapi.json')
  expect(first.status).toBe(200)
  const tag = first.headers.get('etag') ?? ''
  expect((await stranger.get('/openapi.json', { 'If-None-Match': tag })).status).toBe(304)
  expect((await stranger.get('/openapi.json', { 'If-None-Match': '"other"' })).status).toBe(200)
})

it('documents each dataset with its columns and filters', async () => {
  const { components } = (await readDocument()) as unknown as {
    components: { schemas: Record<string, { properties: Record<string, { properties: object; items: object }> }> }
  }
  for (const [name, { columns, filters }] of system.datasets) {
    const { properties } = components.schemas[`ExportRequest.${name}`] ?? {}
    expect(Object.keys(properties?.filters?.properties ?? {})).toEqual(Object.keys(filters))
    expect(properties?.columns?.items).toEqual({ type: 'string', enum: Object.keys(columns) })
  }
})

it('hides the datasets that its reader may not export', async () => {
  const { body } = await system.admin.post('/v1/api-keys', { name: 'x', role: 'exporter', datasets: ['users'] })
  const namesIn = (document: object) =>
    [...system.datasets.keys()].filter((name) => JSON.stringify(document).includes(`"ExportRequest.${name}"`))
  expect(namesIn(await readDocument())).toEqual([...system.datasets.keys()])
  expect(namesIn(await readDocument({ Authorization: `Bearer ${body.key}` }))).toEqual(['users'])
  const stranger = await readDocument({})
  expect(namesIn(stranger)).toEqual([])
  expect(JSON.stringify(stranger)).not.toMatch(/user-interactions|externalUserId/)
  expect((await get('/openapi.json', { Authorization: 'Bearer wb_wrong' })).status).toBe(401)
})

it('is compressed for clients that accept it, with the same ETag', async () => {
  const [plain, compressed] = await Promise.all(
    ['identity', 'br, gzip'].map((encoding) => get('/openapi.json', { ...AS_ADMIN, 'Accept-Encoding': encoding })),
  )
  expect(plain?.headers.get('content-encoding')).toBeNull()
  expect(compressed?.headers.get('content-encoding')).toBe('gzip')
  expect(compressed?.headers.get('etag')).toBe(plain?.headers.get('etag'))
  expect(compressed?.headers.get('vary')).toMatch(/Accept-Encoding, Authorization/)
  expect(compressed?.headers.get('cache-control')).toBe('private, no-cache')
  const sizes = [plain, compressed].map((answer) => Number(answer?.headers.get('content-length')))
  expect(sizes[1]).toBeLessThan(Number(sizes[0]) / 5)
  expect(await compressed?.json()).toEqual(await plain?.json())
})

describe('the API reference', () => {
  it('uses only files of this origin, and all of them exist', async () => {
    const page = await get('/docs')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const addresses = [...(await page.text()).matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address]) => address ?? '')
    expect(addresses.length).toBeGreaterThan(4)
    for (const address of addresses) {
      const answer = await get(address)
      expect(answer.status, address).toBe(200)
      expect((await answer.arrayBuffer()).byteLength, address).toBeGreaterThan(0)
      // With nosniff, the browser uses the declared type.
      expect(answer.headers.get('content-type'), address).toMatch(
        { css: /^text\/css/, '.js': /^text\/javascript/, png: /^image\/png/, son: /^application\/json/ }[
          address.slice(-3)
        ] ?? /^$/,
      )
    }
  })

  it('runs no inline or foreign scripts and cannot be framed', async () => {
    const page = await get('/docs')
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/(^|; )default-src 'none'(;|$)/)
    expect(policy).toMatch(/(^|; )frame-ancestors 'none'(;|$)/)
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(await page.text()).not.toMatch(/<script(?![^>]* src=)|<style| on\w+=|style=/)
  })

  it.each(['light', 'dark'] as const)(
    'shows every operation in a real browser, %s, without requests to other origins',
    async (colorScheme) => {
      const browser = await launchBrowser()
      try {
        const page = await browser.newPage({ colorScheme })
        const elsewhere: string[] = []
        const complaints: string[] = []
        page.on('request', (request) => {
          if (!request.url().startsWith(system.url) && !request.url().startsWith('data:')) elsewhere.push(request.url())
        })
        // Violations of the Content-Security-Policy are reported here.
        page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
        page.on('pageerror', (error) => complaints.push(error.message))
        await page.goto(`${system.url}/docs`)
        const { paths } = (await (await get('/openapi.json')).json()) as { paths: Record<string, Paths> }
        for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
          await page.locator(`#operations-${operation.tags[0]}-${operation.operationId}`).waitFor()
        }
        await page.locator('#operations-Exports-createExport .opblock-summary-control').first().click()
        await page.locator('#operations-Exports-createExport .responses-wrapper').waitFor()
        const background = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
        expect(background !== 'rgba(0, 0, 0, 0)' && background !== 'rgb(255, 255, 255)').toBe(colorScheme === 'dark')
        expect({ elsewhere, complaints }).toEqual({ elsewhere: [], complaints: [] })
      } finally {
        await browser.close()
      }
    },
  )

  it('serves no other file', async () => {
    for (const path of ['/docs/package.json', '/docs/..%2Fpackage.json', '/docs/%2e%2e%2fpackage.json']) {
      expect((await get(path)).status, path).toBe(404)
    }
  })
})
