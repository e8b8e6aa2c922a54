// Compares docs/errors.md with the table of error codes. Error responses of the API link to this document.
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { renderErrorsDoc } from '../../../scripts/write-errors-doc.ts'

it('docs/errors.md is what scripts/write-errors-doc.ts writes', async () => {
  const written = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  expect(written, 'run: node scripts/write-errors-doc.ts').toBe(renderErrorsDoc())
})
