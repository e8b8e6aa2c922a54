// The name of a saved file is safe, whatever name the server sends.
import { expect, it } from 'vitest'
import { localName } from '../../../packages/client/src/download/local-name.ts'

it.each(['user-points_20261124T151825Z.csv', 'points.csv.gz', 'Größe 1.xlsx'])('keeps the plain name %j', (name) => {
  expect(localName(name)).toBe(name)
})

it.each([
  ['../escaped.txt', 'escaped.txt'],
  ['/etc/passwd', 'passwd'],
  ['..\\..\\escaped.txt', 'escaped.txt'],
  ['C:\\Windows\\x.csv', 'x.csv'],
  ['..', 'export'],
  ['a/', 'export'],
  ['', 'export'],
  ['.npmrc', '_npmrc'],
  ['-rf', '_rf'],
  ['a\u001b[2Jb\n.csv', 'a_[2Jb_.csv'],
  ['a\u202evsc.exe', 'a_vsc.exe'],
  ['a.csv:stream', 'a.csv_stream'],
  ['NUL', '_NUL'],
  ['con.csv', '_con.csv'],
  ['COM¹.txt', '_COM¹.txt'],
  ['nul .csv', '_nul .csv'],
  ['a.csv. ', 'a.csv'],
])('turns %j into %j', (given, saved) => {
  expect(localName(given)).toBe(saved)
})

it('shortens a name that a file system would refuse, and keeps its extension', () => {
  expect(localName(`${'a'.repeat(300)}.csv.gz`)).toBe(`${'a'.repeat(193)}.csv.gz`)
  expect(Buffer.byteLength(localName(`${'€'.repeat(300)}.csv`))).toBeLessThanOrEqual(200)
})
