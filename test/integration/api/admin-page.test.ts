// The admin page as the API serves it: caching, Content-Security-Policy, and the paths that belong to it.
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminPage, PAGE_PATHS } from '../../../apps/api/src/http/admin-page.ts'
import { expectProblem } from '../../setup/api/problem.ts'
import { startTestSystem } from '../../setup/system.ts'

const SCRIPT = 'export {}\n'.repeat(100)

const servers: Server[] = []
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-page-'))
  await mkdir(join(directory, 'built/assets'), { recursive: true })
  await writeFile(join(directory, 'built/index.html'), '<!doctype html><title>the page</title>')
  await writeFile(join(directory, 'built/assets/index-abc123.js'), SCRIPT)
  await writeFile(join(directory, 'built/assets/index-abc123.js.br'), brotliCompressSync(SCRIPT))
  await writeFile(join(directory, 'built/assets/index-abc123.js.gz'), gzipSync(SCRIPT))
  await writeFile(join(directory, 'secret.txt'), 'outside of the page')
})
afterAll(async () => {
  for (const server of servers) server.close()
  await rm(directory, { recursive: true })
})

async function serve(name: string, settings: Parameters<typeof adminPage>[0] = {}): Promise<string> {
  const app = express()
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  const page = adminPage(settings, join(directory, name))
  app.use(page.router, page.notFound)
  app.use((_request, response) => void response.status(418).end())
  const server = createServer(app).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('the page', () => {
  it.each(PAGE_PATHS)('is served at %s and is never cached, so that a new version shows at once', async (path) => {
    const response = await fetch((await serve('built')) + path.replace(':id', '01a206bd-3a7c-70dd-b151-2b1407fb87af'))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toContain('the page')
  })

  it('loads nothing from other origins, runs no inline script, and cannot be framed', async () => {
    const policy = (await fetch(await serve('built'))).headers.get('content-security-policy') ?? ''
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]),
    )
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
  })

  it('may connect to the configured identity provider and to no other origin', async () => {
    const url = await serve('built', { OIDC_ISSUER: 'https://login.example.com/realms/game' })
    const policy = (await fetch(url)).headers.get('content-security-policy') ?? ''
    expect(policy.split('; ')).toContain("connect-src 'self' https://login.example.com")
  })

  it('is served at the same paths that its router knows', async () => {
    const app = await readFile(new URL('../../../apps/admin/src/app.tsx', import.meta.url), 'utf8')
    const routed = [...app.matchAll(/<Route path="([^"]+)"/g)].map(([, path]) => path)
    expect([...routed, '/auth/callback'].toSorted()).toEqual(PAGE_PATHS.toSorted())
  })
})

describe('the assets of the page', () => {
  it('are cached for ever, because their names change with their content', async () => {
    const response = await fetch(`${await serve('built')}/assets/index-abc123.js`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/javascript/)
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  })

  it.each(['br', 'gzip'])('are sent compressed with %s to a browser that accepts it', async (encoding) => {
    const headers = { 'accept-encoding': encoding }
    const response = await fetch(`${await serve('built')}/assets/index-abc123.js`, { headers })
    expect(response.headers.get('content-encoding')).toBe(encoding)
    expect(response.headers.get('vary')).toMatch(/accept-encoding/i)
    expect(Number(response.headers.get('content-length'))).toBeLessThan(SCRIPT.length)
    expect(await response.text()).toBe(SCRIPT)
  })

  it.each([
    '/assets/',
    '/assets/index-old.js',
    '/assets/..%2f..%2fsecret.txt',
    '/index.html',
    '/exports',
    '/somewhere',
  ])('are the only files: %s is left to the next handler', async (path) => {
    expect((await fetch((await serve('built')) + path)).status).toBe(418)
  })
})

it('answers with instructions if the page was not built', async () => {
  const response = await fetch(await serve('nowhere'))
  expect(response.status).toBe(404)
  expect(response.headers.get('content-type')).toMatch(/^text\/html/)
  expect(await response.text()).toContain('npm run build')
})

it('shows the page to a browser at an unknown address, with status 404', async () => {
  const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
  const url = await serve('built')
  const response = await fetch(`${url}/exprots/1`, { headers })
  expect(response.status).toBe(404)
  expect(await response.text()).toContain('the page')
  expect((await fetch(`${url}/v1/nowhere`, { headers })).status).toBe(418)
  expect((await fetch(`${url}/nowhere`, { headers, method: 'POST' })).status).toBe(418)
})

it('answers a program at an unknown path with a problem, not with the page', async () => {
  const system = await startTestSystem({ worker: false })
  try {
    expectProblem(await system.admin.get('/v1/nowhere'), 404, 'NOT_FOUND')
    expectProblem(await system.admin.get('/nowhere'), 404, 'NOT_FOUND')
  } finally {
    await system.stop()
  }
})
