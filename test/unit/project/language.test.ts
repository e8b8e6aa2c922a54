// The language of the comments and documents: no words that personify programs or refer to vague persons.
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Applied migrations must not change, not even in a comment. */
const EXCLUDED = /(^|\/)(node_modules|dist|generated|migrations|\.data)(\/|$)/

const VAGUE_PERSONS = 'whoever|nobody|anybody|somebody'
const PERSONIFICATIONS = 'told|tells|hears|heard|believes|thinks|wants|gives? up|gave up|lets? go|patience|goodbye'
const WORDS = new RegExp(`\\b(${VAGUE_PERSONS}|${PERSONIFICATIONS}|anew)\\b`, 'i')

const COMMENT = /\/\*[\s\S]*?\*\/|(?:^|(?<=\s))(?:\/\/|--) .*$/gm

/** Lines of the comments that contain one of the words. */
function findLines(path: string, comments: readonly string[]): string[] {
  const lines = comments.flatMap((comment) => comment.split('\n'))
  return lines.filter((line) => WORDS.test(line)).map((line) => `${path}: ${line.trim()}`)
}

function read(pattern: string): [path: string, text: string][] {
  const paths = globSync(pattern, { cwd: ROOT, exclude: (path) => EXCLUDED.test(path) })
  return paths.filter((path) => !EXCLUDED.test(path)).map((path) => [path, readFileSync(`${ROOT}/${path}`, 'utf8')])
}

describe('the language of', () => {
  it.each(['apps/**/*.{ts,tsx,css}', 'packages/**/*.{ts,css}', 'test/**/*.ts', 'scripts/*', 'prisma/sample/*'])(
    'the comments in %s is plain',
    (pattern) => {
      const files = read(pattern)
      expect(files.length).toBeGreaterThan(0)
      expect(files.flatMap(([path, text]) => findLines(path, text.match(COMMENT) ?? []))).toEqual([])
    },
  )

  it('the documents is plain', () => {
    const documents = [...read('*.md'), ...read('docs/*.md'), ...read('packages/*/README.md')]
    const prose = documents.map(([path, text]) => findLines(path, [text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')]))
    expect(prose.flat()).toEqual([])
  })
})
