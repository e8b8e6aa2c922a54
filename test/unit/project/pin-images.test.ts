// The release script pins images by the digests that their registry computes.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseImage, pinImages, readDigest } from '../../../scripts/pin-images.ts'

const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [],
})
const DIGEST = `sha256:${createHash('sha256').update(MANIFEST).digest('hex')}`

let registry: Server
let host: string
beforeAll(async () => {
  // Answers as the Distribution Specification says: a token first, then the manifest.
  registry = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', `http://${host}`)
    if (pathname === '/token') return response.end(JSON.stringify({ token: `for ${searchParams.get('scope')}` }))
    if (request.headers.authorization !== 'Bearer for repository:team/tool:pull') {
      const challenge = `Bearer realm="http://${host}/token",service="registry",scope="repository:team/tool:pull"`
      return response.writeHead(401, { 'WWW-Authenticate': challenge }).end()
    }
    if (!String(request.headers.accept).includes('image.index')) return response.writeHead(406).end()
    const digest = pathname.endsWith('/1.0.1') ? DIGEST.replace(/.$/, 'x') : DIGEST
    if (!pathname.startsWith('/v2/team/tool/manifests/1.0.')) return response.writeHead(404).end()
    response.writeHead(200, { 'Docker-Content-Digest': digest }).end(MANIFEST)
  })
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(registry.address() as AddressInfo).port}`
})
afterAll(() => registry.close())

it.each([
  ['postgres:18.6', { registry: 'registry-1.docker.io', name: 'library/postgres', tag: '18.6' }],
  ['prom/prometheus:v3.5.0', { registry: 'registry-1.docker.io', name: 'prom/prometheus', tag: 'v3.5.0' }],
  ['quay.io/keycloak/keycloak:26.4.0', { registry: 'quay.io', name: 'keycloak/keycloak', tag: '26.4.0' }],
  ['localhost:5000/a/b:1', { registry: 'localhost:5000', name: 'a/b', tag: '1' }],
])('%s is found at its registry', (image, parts) => {
  expect(parseImage(image)).toEqual(parts)
})

it('the digest is that of the content, which the registry must confirm', async () => {
  expect(await readDigest(`${host}/team/tool:1.0.0`, 'http:')).toBe(DIGEST)
  await expect(readDigest(`${host}/team/tool:1.0.1`, 'http:')).rejects.toThrow('the content is')
  await expect(readDigest(`${host}/team/tool:2.0.0`, 'http:')).rejects.toThrow('answered 404')
})

it('pins every image of Dockerfile and docker-compose.yml but our own, and pins again after a tag has moved', async () => {
  for (const file of ['Dockerfile', 'docker-compose.yml']) {
    const text = await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8')
    const asked: string[] = []
    const pinned = await pinImages(text, async (image) => {
      asked.push(image)
      return DIGEST
    })
    const lines = pinned.split('\n').filter((line) => /^\s*(image:|FROM) /.test(line))
    const ours = /(image: waybill:|FROM (base|scratch))/
    expect(lines.filter((line) => !line.includes(`@${DIGEST}`) && !ours.test(line))).toEqual([])
    expect(asked).toHaveLength(file === 'Dockerfile' ? 1 : 6)
    const moved = DIGEST.replace(/.$/, '0')
    expect(await pinImages(pinned, async () => moved)).toBe(pinned.replaceAll(DIGEST, moved))
  }
})
