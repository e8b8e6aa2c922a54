// Links between documents lead to an existing file and heading, and the index names every document.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

const inDirectory = async (path: string) =>
  (await readdir(join(ROOT, path))).filter((name) => name.endsWith('.md')).map((name) => join(path, name))
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'packages/client/README.md',
  ...(await inDirectory('docs')),
  ...(await inDirectory('docs/decisions')),
]

const read = (path: string) => readFile(join(ROOT, path), 'utf8')

/** Without code blocks, in which brackets are not links. */
const proseOf = (markdown: string) => markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, 'code')

/** The anchors of GitHub: in lower case, with dashes for blanks, and only letters, digits, - and _. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)].map(
    ([, text = '']) => text,
  )
  return headings.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

describe.each(DOCUMENTS)('%s', (path) => {
  it('has no broken link', async () => {
    const broken: string[] = []
    for (const [, target = ''] of proseOf(await read(path)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const found = file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file))
      const isThere = existsSync(join(ROOT, found))
      if (!isThere || (anchor !== undefined && !anchorsOf(await read(found)).includes(anchor))) broken.push(target)
    }
    expect(broken).toEqual([])
  })
})

it('docs/README.md names every document in docs/', async () => {
  const index = await read('docs/README.md')
  const missing = (await inDirectory('docs'))
    .map((path) => path.slice('docs/'.length))
    .filter((name) => !index.includes(`(${name})`))
  expect(missing).toEqual(['README.md'])
})

it('SECURITY.md links each promise to a test', async () => {
  const lines = (await read('SECURITY.md')).split('\n')
  const promises = lines.filter((line) => line.startsWith('| ') && line !== '| promise | test |')
  expect(promises.length).toBeGreaterThan(25)
  const unproven = promises.filter((line) => !/\| (\[[\w-]+\.test\.ts\]\(test\/[^)]+\.test\.ts\)(, )?)+ \|$/.test(line))
  expect(unproven).toEqual([])
})
