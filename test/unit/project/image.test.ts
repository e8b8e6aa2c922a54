// Compares what each stage of the Dockerfile copies with what the programs in it import.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import PAGE_SOURCES from '../../../scripts/admin-page-sources.json' with { type: 'json' }
import { moduleGraph } from '../../setup/module-graph.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')
const read = (path: string) => readFile(`${ROOT}/${path}`, 'utf8')

/** Generated during the build of the image, so it is copied from another stage. */
const GENERATED = 'packages/shared/src/generated/'

/** The programs of each stage, and the files that they read without an import. */
const STAGES = {
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
    ],
    others: ['package.json', 'packages/shared/package.json', 'apps/api/package.json', 'apps/worker/package.json'],
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
