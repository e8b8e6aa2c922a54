// `npm run build:client`: builds packages/client for npm, as JavaScript for Node 20 and browsers, with types.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PACKAGE = join(ROOT, 'packages/client')
const dist = resolve(process.argv[2] ?? join(PACKAGE, 'dist'))

rmSync(dist, { recursive: true, force: true })
// Of the contract's schemas, the client uses only the types. The server validates the values.
for (const config of ['tsconfig.build.json', 'tsconfig.contract.json']) {
  const compiler = [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(PACKAGE, config), '--outDir', dist]
  const { status } = spawnSync(process.execPath, compiler, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

for (const path of globSync('**/*.{js,d.ts}', { cwd: dist })) {
  const file = join(dist, path)
  writeFileSync(file, linkContract(readFileSync(file, 'utf8'), dirname(file)))
}
chmodSync(join(dist, 'client/src/cli/run.js'), 0o755)
for (const name of ['packages/client/README.md', 'LICENSE']) cpSync(join(ROOT, name), join(dist, basename(name)))
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(publishedPackage(), null, 2)}\n`)
process.stdout.write(`${dist}: ready for npm publish\n`)

/** Rewrites imports of the contract to the relative path of its compiled files. */
function linkContract(text: string, directory: string): string {
  const contract = relative(directory, join(dist, 'shared/src/contract'))
  return text
    .replaceAll(/(['"])@waybill\/shared\/contract\/([\w-]+)(?:\.[jt]s)?\1/g, `$1${contract}/$2.js$1`)
    .replaceAll(/(from |import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g, '$1$2$3.js$2')
}

function publishedPackage() {
  const { name, version, description, license, dependencies } = readManifest('packages/client/package.json')
  const { '@waybill/shared': _private, ...publicDependencies } = dependencies
  const entry = (path: string) => ({ types: `./client/src/${path}.d.ts`, default: `./client/src/${path}.js` })
  return {
    ...{ name, version, description, license },
    type: 'module',
    engines: { node: '>=20' },
    sideEffects: false,
    bin: { waybill: 'client/src/cli/run.js' },
    exports: { '.': entry('index'), './node': entry('node/save-export') },
    dependencies: {
      ...publicDependencies,
      // Only for the types; it is not loaded at run time.
      zod: readManifest('packages/shared/package.json').dependencies.zod,
    },
  }
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Manifest
}
