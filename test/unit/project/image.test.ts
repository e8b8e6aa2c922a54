// Compares what each stage of the Dockerfile copies with what the programs in it import.
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import PAGE_SOURCES from '../../../scripts/admin-page-sources.json' with { type: 'json' }
import { isPruned } from '../../../scripts/prune-modules.ts'
import { listPackages, renderLicenses, renderSbom } from '../../../scripts/write-sbom.ts'
import { moduleGraph } from '../../setup/module-graph.ts'
import { spawnProgram } from '../../setup/spawn.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')
const read = (path: string) => readFile(`${ROOT}/${path}`, 'utf8')

/** Generated during the build of the image, so it is copied from another stage. */
const GENERATED = 'packages/shared/src/generated/'

/** The programs of each stage, and the files that they read without an import. */
const STAGES = {
  dependencies: { entries: ['scripts/prune-modules.ts', 'scripts/write-sbom.ts'], others: ['package-lock.json'] },
  client: { entries: ['scripts/generate-client.mjs', 'prisma.config.ts'], others: ['prisma/schema.prisma'] },
  page: {
    entries: ['apps/admin/index.html', 'apps/admin/vite.config.ts'],
    others: ['tsconfig.json', 'apps/admin/tsconfig.json'],
  },
  final: {
    entries: [
      'apps/api/src/main.ts',
      'apps/worker/src/main.ts',
      'apps/api/src/commands/migrate.ts',
      'apps/api/src/commands/audit-verify.ts',
      'apps/api/src/commands/check-datasets.ts',
      'apps/api/src/commands/keys.ts',
      'scripts/check-health.mjs',
    ],
    others: [
      'LICENSE',
      'package.json',
      'packages/shared/package.json',
      'apps/api/package.json',
      'apps/worker/package.json',
    ],
  },
} as const

type StageName = keyof typeof STAGES

let copied: ReadonlyMap<string, readonly string[]>
let ignores: (path: string) => boolean
beforeAll(async () => {
  copied = readCopies(await read('Dockerfile'))
  ignores = readIgnores(await read('.dockerignore'))
})

describe.each(Object.keys(STAGES) as StageName[])('stage %s of the image', (name) => {
  const needed = () => {
    const { entries, others } = STAGES[name]
    return [...moduleGraph(ROOT, entries).files, ...others].filter((file) => !file.startsWith(GENERATED))
  }

  it('copies every file that its programs import', () => {
    const sources = copied.get(name) ?? []
    const missing = needed().filter((file) => !sources.some((source) => isInside(file, source)))
    expect(missing).toEqual([])
  })

  it('gets every file that it imports through .dockerignore', () => {
    expect(needed().filter(ignores)).toEqual([])
  })
})

describe('the image', () => {
  it('finds every COPY source in the build context', () => {
    const sources = [...copied.values()].flat()
    // A folder is in the context if at least one file in it is.
    const probe = (source: string) => (/\.[a-z]+$/.test(source) ? source : `${source}/any-file`)
    const inner = (source: string) => ['', '/src', '/package.json'].map((suffix) => probe(`${source}${suffix}`))
    expect(sources.filter((source) => inner(source).every(ignores))).toEqual([])
  })

  it('installs every package that its processes import', async () => {
    const manifests = ['packages/shared', 'apps/api', 'apps/worker'].map((path) => read(`${path}/package.json`))
    const declared = (await Promise.all(manifests)).flatMap((text) => {
      const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> }
      return Object.keys(dependencies)
    })
    const imported = [...moduleGraph(ROOT, STAGES.final.entries).packages].filter((name) => name !== 'node')
    expect(imported.length).toBeGreaterThan(10)
    expect(imported.filter((name) => !declared.includes(name))).toEqual([])
  })

  it('is built from a page whose sources are all watched for changes', () => {
    const files = [...moduleGraph(ROOT, STAGES.page.entries).files]
    expect(files).toContain('packages/shared/src/vocabulary/errors.ts')
    expect(files.filter((file) => !PAGE_SOURCES.some((source) => isInside(file, source)))).toEqual([])
  })
})

describe('the packages of the image', () => {
  let loaded: readonly string[]
  beforeAll(async () => {
    const programs = ['apps/api/src/main.ts', 'apps/worker/src/main.ts', 'apps/api/src/commands/migrate.ts']
    loaded = (await Promise.all(programs.map(loadedModules))).flat()
  })

  it('keep every file that the three processes load', () => {
    expect(loaded.length).toBeGreaterThan(500)
    // Loaded at the first query, and served by the API.
    const later = [
      '@prisma/client/runtime/query_compiler_fast_bg.postgresql.mjs',
      '@prisma/client/runtime/query_compiler_fast_bg.postgresql.wasm-base64.mjs',
      ...['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'].map((name) => `swagger-ui-dist/${name}`),
    ]
    expect([...loaded, ...later].filter(isPruned)).toEqual([])
  })

  it('are those that the three processes load, and few that they may need later', async () => {
    const { packages } = JSON.parse(await read('package-lock.json')) as { packages: Packages }
    const kept = [...installedPackages(packages, ['apps/api', 'apps/worker'])].filter(
      (name) => !isPruned(`${name}/index.js`),
    )
    expect(kept.length).toBeGreaterThan(100)
    const used = new Set(loaded.map(packageOf))
    expect(kept.filter((name) => !used.has(name)).toSorted()).toEqual(LOADED_LATER.toSorted())
  })

  it('are listed with versions, hashes and licenses in a CycloneDX document', () => {
    const found = listPackages(ROOT).filter(({ name }) => name === 'express' || name === 'bullmq')
    const sbom = JSON.parse(renderSbom(ROOT, found, '24.0.0'))
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5' })
    expect(sbom.metadata.component).toMatchObject({ name: 'waybill', licenses: [{ license: { id: 'MIT' } }] })
    expect(sbom.components.map(({ purl }: { purl: string }) => purl)).toEqual([
      'pkg:generic/node@24.0.0',
      expect.stringMatching(/^pkg:npm\/bullmq@\d/),
      expect.stringMatching(/^pkg:npm\/express@\d/),
    ])
    for (const { hashes } of sbom.components.slice(1)) expect(hashes[0].content).toMatch(/^[0-9a-f]{128}$/)
    expect(renderLicenses(found)).toMatch(/^express@\S+ +MIT$/m)
    expect(renderLicenses(found)).toContain('Permission is hereby granted')
  })
})

/** Packages that the image holds although no process loads them when it starts. */
const LOADED_LATER = [
  // The default chain of AWS loads the one that the machine provides.
  ...['http', 'ini', 'login', 'process', 'sso', 'web-identity'].map((name) => `@aws-sdk/credential-provider-${name}`),
  ...['@aws-sdk/nested-clients', '@aws-sdk/token-providers', '@aws-sdk/types'],
  ...['@smithy/credential-provider-imds', '@smithy/fetch-http-handler', 'bowser'],
  // For a password file of Postgres, and for log lines that another thread writes.
  ...['pgpass', 'pino-abstract-transport', 'process-warning', 'real-require', 'split2'],
  // Served as files.
  'swagger-ui-dist',
]

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly resolved?: string
  readonly link?: boolean
}
type Packages = Readonly<Record<string, Locked>>

/** The names of what `npm ci --omit=dev --omit=optional --omit=peer --workspace=…` installs. */
function installedPackages(packages: Packages, workspaces: readonly string[]): Set<string> {
  const names = new Set<string>()
  const visited = new Set<string>()
  const visit = (path: string) => {
    if (visited.has(path)) return
    visited.add(path)
    for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
      if (!name.startsWith('@waybill/')) names.add(name)
      visit(findInstalled(packages, path, name))
    }
  }
  for (const workspace of workspaces) visit(workspace)
  return names
}

/** As Node looks for a package: beside the one that needs it, then in the folders above. */
function findInstalled(packages: Packages, from: string, name: string): string {
  const steps = from.split('/')
  for (let length = steps.length; length >= 0; length -= 1) {
    const path = [...steps.slice(0, length), 'node_modules', name].join('/')
    const found = packages[path]
    if (found !== undefined) return found.link ? (found.resolved ?? path) : path
  }
  throw new Error(`The lock file has no ${name} for ${from}.`)
}

/**
 * Files below node_modules that a program loads before it connects anywhere. The programs end at once, because they
 * have no settings.
 */
async function loadedModules(program: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-modules-'))
  const file = join(directory, 'loaded')
  const recorder = `${ROOT}/test/setup/record-modules.mjs`
  const child = spawnProgram(program, { nodeFlags: ['--import', recorder], env: { RECORD_TO: file } })
  child.stdout.resume()
  child.stderr.resume()
  await once(child, 'close')
  const urls = (await readFile(file, 'utf8')).split('\n')
  await rm(directory, { recursive: true })
  return urls.flatMap((url) => {
    const [, path] = /\/node_modules\/(.+)$/.exec(url) ?? []
    return path === undefined ? [] : [path]
  })
}

function packageOf(path: string): string {
  const inner = path.replace(/^.*\/node_modules\//, '')
  return inner
    .split('/')
    .slice(0, inner.startsWith('@') ? 2 : 1)
    .join('/')
}

/** By stage: the paths that it and its base stages copy from the build context. */
function readCopies(dockerfile: string): Map<string, readonly string[]> {
  const stages = new Map<string, readonly string[]>()
  let name = ''
  for (const line of dockerfile.split('\n')) {
    const from = /^FROM (\S+)(?: AS (\S+))?$/.exec(line)
    if (from !== null) {
      name = from[2] ?? 'final'
      stages.set(name, stages.get(from[1] ?? '') ?? [])
    }
    const copy = /^COPY (?!--from)(.+) \S+$/.exec(line)
    if (copy !== null) stages.set(name, [...(stages.get(name) ?? []), ...(copy[1] ?? '').split(' ')])
  }
  return stages
}

/**
 * Whether .dockerignore excludes the path. The last pattern that matches the path or one of its folders decides
 * (https://docs.docker.com/build/concepts/context/#dockerignore-files).
 */
function readIgnores(text: string): (path: string) => boolean {
  const patterns = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const rules = patterns.map((pattern) => ({
    excludes: !pattern.startsWith('!'),
    shape: new RegExp(`^${pattern.replace(/^!/, '').replaceAll('.', '\\.').replaceAll('*', '[^/]*')}(/|$)`),
  }))
  return (path) => rules.findLast(({ shape }) => shape.test(path))?.excludes ?? false
}

function isInside(file: string, source: string): boolean {
  return file === source || file.startsWith(`${source}/`)
}
