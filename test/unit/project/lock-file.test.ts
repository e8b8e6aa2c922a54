// The lock file: `npm ci` works on a fresh clone on every platform.
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

interface Locked {
  readonly optional?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

// npm omits an optional package that the registry did not have when the lock file was written. Then `npm ci` fails with
// "Missing: … from lock file". Such an entry can be added by hand, with version, os and cpu.
test('the lock file names every optional package of every platform', async () => {
  const text = await readFile(new URL('../../../package-lock.json', import.meta.url), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Record<string, Locked> }
  const missing = Object.entries(packages)
    .filter(([, { optional }]) => !optional)
    .flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    )
  expect(missing).toEqual([])
  expect(text).not.toContain('"resolved": "http')
})
