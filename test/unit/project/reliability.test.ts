// The table of faults in docs/reliability.md names every fault and its existing tests.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const root = new URL('../../../', import.meta.url)

it('docs/reliability.md lists faults 1 to 25 and later ones in order, each with a test that exists', async () => {
  const text = await readFile(new URL('docs/reliability.md', root), 'utf8')
  const faults = [...text.matchAll(/^\| (\d+) \|(.*)\|$/gm)]
  const numbers = faults.map(([, number]) => Number(number))
  expect(numbers.slice(0, 25)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
  const untested = faults.filter(([line]) => !/`test\/.*\.test\.ts`/.test(line)).map(([, number]) => number)
  expect(untested).toEqual([])
  const named = [...text.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path]) => String(path))
  expect(named.filter((path) => !existsSync(new URL(path, root)))).toEqual([])
})
