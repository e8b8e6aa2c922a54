// Writes what the image is made of: a CycloneDX document for scanners, and the licenses of all parts for people.
//
//   node scripts/write-sbom.ts ROOT TARGET     ROOT holds package.json, package-lock.json and node_modules
//
// It lists what is installed. `npm sbom` cannot: it refuses an installation without the development packages, and from
// the lock file it leaves out the packages of the workspaces. It runs while the image is built, without dependencies.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i

interface InstalledPackage {
  readonly name: string
  readonly version: string
  /** An SPDX identifier or expression. */
  readonly license: string
  /** Of its license files. */
  readonly text: string
  readonly integrity: string | undefined
}

/** Every package below `folder`, nested ones included. @returns paths from the root, as in the lock file */
function packagesIn(root: string, folder: string): string[] {
  const found: string[] = []
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    // Workspaces are links: they are part of Waybill.
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue
    const path = `${folder}/${entry.name}`
    if (entry.name.startsWith('@')) found.push(...packagesIn(root, path))
    else {
      const inner = readdirSync(join(root, path))
      if (inner.includes('package.json')) found.push(path)
      if (inner.includes('node_modules')) found.push(...packagesIn(root, `${path}/node_modules`))
    }
  }
  return found
}

function describe(root: string, path: string, integrity: string | undefined): InstalledPackage {
  const manifest = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
    licenses?: readonly { type: string }[]
  }
  const { name, version, license = manifest.licenses?.[0]?.type ?? 'UNKNOWN' } = manifest
  const files = readdirSync(join(root, path)).filter((file) => LICENSE_FILE.test(file))
  const text = files.map((file) => readFileSync(join(root, path, file), 'utf8').trim()).join('\n\n')
  return { name, version, license, text, integrity }
}

/** @param root with package-lock.json and node_modules. @returns the installed packages, by name */
export function listPackages(root: string): InstalledPackage[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { integrity?: string }>>
  }
  return packagesIn(root, 'node_modules')
    .map((path) => describe(root, path, packages[path]?.integrity))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1))
}

const purl = (name: string, version: string) => `pkg:npm/${name.replace('@', '%40')}@${version}`

/** CycloneDX 1.5, https://cyclonedx.org/docs/1.5/json/. Without time and serial number: the same input gives the same text. */
export function renderSbom(root: string, found: readonly InstalledPackage[], nodeVersion: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    'name' | 'version' | 'license',
    string
  >
  const hashOf = (integrity: string) => [
    { alg: 'SHA-512', content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') },
  ]
  // An expression stands alone; a single identifier has a field of its own.
  const licenseOf = (text: string) => [/[ ()]/.test(text) ? { expression: text } : { license: { id: text } }]
  const node = {
    type: 'platform',
    'bom-ref': `node@${nodeVersion}`,
    name: 'node',
    version: nodeVersion,
    licenses: licenseOf('MIT'),
    purl: `pkg:generic/node@${nodeVersion}`,
  }
  const components = found.map((each) => ({
    type: 'library',
    'bom-ref': `${each.name}@${each.version}`,
    name: each.name,
    version: each.version,
    licenses: licenseOf(each.license),
    purl: purl(each.name, each.version),
    ...(each.integrity === undefined ? {} : { hashes: hashOf(each.integrity) }),
  }))
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: { type: 'application', 'bom-ref': `${name}@${version}`, name, version, licenses: licenseOf(license) },
    },
    components: [node, ...components],
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

/** Name, version and license of every package, then the texts. */
export function renderLicenses(found: readonly InstalledPackage[]): string {
  const width = Math.max(...found.map(({ name, version }) => name.length + version.length + 1))
  const list = found.map(({ name, version, license }) => `${`${name}@${version}`.padEnd(width)}  ${license}`)
  const texts = found.map(({ name, version, license, text }) => {
    const body = text === '' ? `The package has no license text. Its package.json names ${license}.` : text
    return `${'='.repeat(80)}\n${name}@${version}\n${'='.repeat(80)}\n${body}`
  })
  return `The npm packages in this image, and their licenses. Those of Debian's libraries are in /usr/share/doc.\n\n${list.join('\n')}\n\n${texts.join('\n\n')}\n`
}

if (import.meta.main) {
  const [root = '.', target = '.'] = process.argv.slice(2)
  const found = listPackages(root)
  const folder = join(target, 'usr/share/doc/waybill')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'sbom.cdx.json'), renderSbom(root, found, process.versions.node))
  writeFileSync(join(folder, 'licenses.txt'), renderLicenses(found))
  process.stdout.write(`Listed ${found.length} packages in ${folder}\n`)
}
