// The built client package (docs/client.md): it runs without TypeScript and in browsers, and has the types of the schemas.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A separate project: its node_modules contains the built package, and nothing else of this repository. */
let project: string

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'waybill-build-'))
  await mkdir(join(project, 'node_modules/@waybill'), { recursive: true })
  const built = node('scripts/build-client.ts', join(project, 'node_modules/@waybill/client'))
  expect(built.stderr).toBe('')
  for (const name of ['zod', '@noble', '@types'])
    await symlink(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
  await writeFile(join(project, 'package.json'), '{"type":"module"}')
})
afterAll(() => rm(project, { recursive: true, force: true }))

function node(...words: string[]) {
  return spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' })
}

it('runs without TypeScript support: the client, the files and the command line', async () => {
  await writeFile(
    join(project, 'program.js'),
    `import { createClient, verifyWebhook, WaybillError } from '@waybill/client'
     import { saveExport } from '@waybill/client/node'
     const { exports } = createClient({ url: 'http://localhost:8080', key: 'k' })
     console.log(typeof exports.create, typeof saveExport, typeof verifyWebhook, new WaybillError('NETWORK', 'x').code)`,
  )
  const plain = '--no-experimental-strip-types'
  expect(node(plain, join(project, 'program.js'))).toMatchObject({
    stderr: '',
    stdout: 'function function function NETWORK\n',
  })
  const manifest = JSON.parse(await readFile(join(project, 'node_modules/@waybill/client/package.json'), 'utf8'))
  const bin = join(project, 'node_modules/@waybill/client', manifest.bin.waybill)
  expect(node(plain, bin, '--version')).toMatchObject({ stderr: '', stdout: `${manifest.version}\n` })
  expect(await readFile(bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
})

it('has the types of the schemas: invalid requests do not compile', async () => {
  await writeFile(
    join(project, 'program.ts'),
    `import { createClient, type Export, type ExportRequest } from '@waybill/client'
     import { saveExport, type Saved } from '@waybill/client/node'
     const client = createClient({ url: 'http://localhost:8080' })
     export const request: ExportRequest = { dataset: 'users', format: 'csv', filters: { dateFrom: '2026-01-01' } }
     export const asked: Promise<Export> = client.exports.create(request)
     export const saved: Promise<Saved> = saveExport(client, 'id')
     // @ts-expect-error no such format
     export const wrong: ExportRequest = { dataset: 'users', format: 'pdf' }
     // @ts-expect-error no such state
     export const state: Export['status'] = 'done'
     // @ts-expect-error a count is a number
     export const rows: Promise<string | null> = asked.then(({ rowCount }) => rowCount)
     // @ts-expect-error no such field
     asked.then(({ rows }) => rows)`,
  )
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const flags = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--module',
    'nodenext',
    '--target',
    'es2023',
  ]
  const { stdout, status } = node(tsc, ...flags, '--types', 'node', join(project, 'program.ts'))
  expect([stdout, status]).toEqual(['', 0])
})

/** Dependencies at run time. They run in browsers and have no dependencies. */
const DEPENDENCIES = ['@noble/hashes/sha2.js', '@noble/hashes/utils.js']

it('declares the packages that it loads', async () => {
  const manifest = await readFile(join(project, 'node_modules/@waybill/client/package.json'), 'utf8')
  expect(Object.keys(JSON.parse(manifest).dependencies).toSorted()).toEqual(['@noble/hashes', 'zod'])
})

it('uses only browser features, and no private package of this repository', async () => {
  const seen = new Set<string>()
  const visit = async (path: string): Promise<void> => {
    if (seen.has(path)) return
    seen.add(path)
    const text = await readFile(path, 'utf8')
    for (const [, specifier = ''] of text.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
      if (DEPENDENCIES.includes(specifier)) continue
      expect(specifier, path).toMatch(/^\.{1,2}\//)
      await visit(join(dirname(path), specifier))
    }
    expect(text, path).not.toContain('Buffer')
  }
  await visit(join(project, 'node_modules/@waybill/client/client/src/index.js'))
  expect(seen.size).toBeGreaterThan(10)
})
