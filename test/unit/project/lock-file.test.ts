// The packages: `npm ci` works on a fresh clone of every platform, verifies what it downloads, and reports nothing.
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

interface Locked {
  readonly version?: string
  readonly integrity?: string
  /** A workspace, linked into node_modules. */
  readonly link?: boolean
  readonly optional?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const text = await readFile(new URL('../../../package-lock.json', import.meta.url), 'utf8')
const { packages } = JSON.parse(text) as { packages: Record<string, Locked> }

// npm omits an optional package that the registry did not have when the lock file was written. Then `npm ci` fails with
// "Missing: … from lock file". Such an entry can be added by hand, with version, os, cpu and integrity.
test('the lock file names every optional package of every platform', () => {
  const missing = Object.entries(packages)
    .filter(([, { optional }]) => !optional)
    .flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    )
  expect(missing).toEqual([])
})

test('npm verifies the content of every package: the lock file has a hash for each one', () => {
  const fromRegistry = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link)
  expect(fromRegistry.length).toBeGreaterThan(500)
  expect(fromRegistry.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'))).toEqual([])
})

test('the lock file names no registry, so that npm uses the configured one', () => {
  expect(text).not.toContain('"resolved": "http')
})

// @scarf/scarf, a dependency of swagger-ui-dist, sends the name of the installing package and of its company when it is
// installed. npm 11 does not run its script; older versions do, and then it reads scarfSettings.
test('no package reports its installation', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    scarfSettings: { enabled: boolean }
    allowScripts: Record<string, boolean>
  }
  expect(packages['node_modules/@scarf/scarf']?.version).toBe('1.4.0')
  expect(manifest.scarfSettings).toEqual({ enabled: false })
  expect(manifest.allowScripts['@scarf/scarf']).toBe(false)
})
