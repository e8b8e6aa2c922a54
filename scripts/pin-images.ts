// Pins the images of Dockerfile, docker-compose.yml and deploy/kubernetes by digest, as the last step before a release.
//
//   node scripts/pin-images.ts            asks the registries, and writes the digests into the files
//   node scripts/pin-images.ts --check    exit code 1 if an image has no digest, or its tag has moved since
//
// A tag can be moved to other content, a digest cannot. The tag stays in front of it, for people.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

const FILES = ['Dockerfile', 'docker-compose.yml']

/** Images that the build makes itself. */
const OWN = /^(waybill|scratch)\b/

const IMAGE = /^(\s*(?:image:|FROM)\s+)([\w.-]+(?:[./:][\w.-]+)*:[\w.-]+)(?:@(sha256:[0-9a-f]{64}))?/gm

/** An index lists the image of each platform. Its digest holds for all of them. */
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** `postgres:18.6` is short for `docker.io/library/postgres:18.6`. */
export function parseImage(image: string): { registry: string; name: string; tag: string } {
  const [, path = '', tag = ''] = /^(.+):([^:/]+)$/.exec(image) ?? []
  const [first = '', ...rest] = path.split('/')
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const name = hasRegistry ? rest.join('/') : path
  if (hasRegistry && first !== 'docker.io') return { registry: first, name, tag }
  return { registry: 'registry-1.docker.io', name: name.includes('/') ? name : `library/${name}`, tag }
}

/**
 * The digest of the manifest that the tag names now, as the registry sends it and as computed here.
 *
 * @param protocol `http:` for a registry on this machine
 * @throws Error if the registry does not have the tag, or sends another content than its digest says
 */
export async function readDigest(image: string, protocol = 'https:'): Promise<string> {
  const { registry, name, tag } = parseImage(image)
  const url = `${protocol}//${registry}/v2/${name}/manifests/${tag}`
  let response = await fetch(url, { headers: { Accept: ACCEPT } })
  if (response.status === 401) {
    const token = await readToken(response.headers.get('www-authenticate') ?? '')
    response = await fetch(url, { headers: { Accept: ACCEPT, Authorization: `Bearer ${token}` } })
  }
  if (!response.ok) throw new Error(`${image}: ${registry} answered ${response.status}`)
  const digest = `sha256:${createHash('sha256')
    .update(await response.bytes())
    .digest('hex')}`
  const said = response.headers.get('docker-content-digest')
  if (said !== null && said !== digest) throw new Error(`${image}: the content is ${digest}, not ${said}`)
  return digest
}

/** https://distribution.github.io/distribution/spec/auth/token/ */
async function readToken(challenge: string): Promise<string> {
  const parameters = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
  )
  const { realm, service = '', scope = '' } = parameters as Record<string, string>
  if (realm === undefined) throw new Error(`the registry wants a login that is not a token: ${challenge}`)
  const response = await fetch(`${realm}?${new URLSearchParams({ service, scope })}`)
  const { token, access_token } = (await response.json()) as { token?: string; access_token?: string }
  return token ?? access_token ?? ''
}

/** @param digestOf called once for each image. @returns the text with `name:tag@digest` for each image */
export async function pinImages(text: string, digestOf: (image: string) => Promise<string>): Promise<string> {
  const images = new Set([...text.matchAll(IMAGE)].map(([, , image = '']) => image).filter((image) => !OWN.test(image)))
  const digests = new Map<string, string>()
  for (const image of images) digests.set(image, await digestOf(image))
  return text.replaceAll(IMAGE, (line, before: string, image: string) => {
    const digest = digests.get(image)
    return digest === undefined ? line : `${before}${image}@${digest}`
  })
}

if (import.meta.main) {
  const isCheck = process.argv.includes('--check')
  for (const file of FILES) {
    const url = new URL(`../${file}`, import.meta.url)
    const before = await readFile(url, 'utf8')
    const after = await pinImages(before, readDigest)
    const isSame = before === after
    process.stdout.write(`${file}: ${isSame ? 'pinned' : isCheck ? 'NOT pinned' : 'written'}\n`)
    if (isCheck && !isSame) process.exitCode = 1
    else if (!isSame) await writeFile(url, after)
  }
}
