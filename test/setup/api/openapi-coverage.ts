// Checks after the whole run that every answer of the OpenAPI document was seen by a test.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** A directory: what was seen, as `operationId status code`, a file for each process. */
    observations: string
  }
}

/** Written there by the test that knows the routes: what must have been seen. */
export const EXPECTED = 'expected.txt'

export default function setup(project: TestProject): () => Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-seen-'))
  const remove = () => rmSync(directory, { recursive: true, force: true })
  process.once('exit', remove)
  project.provide('observations', directory)
  return async () => {
    const missing = (await isWholeRun(project)) ? findMissing(directory) : []
    remove()
    process.off('exit', remove)
    if (missing.length > 0) {
      throw new Error(`/openapi.json promises answers that no test has got:\n${missing.join('\n')}`)
    }
  }
}

/** Of some of the tests, or of tests that failed, nothing follows. */
async function isWholeRun({ vitest }: TestProject): Promise<boolean> {
  const ran = new Set(vitest.state.getFilepaths())
  const all = await vitest.globTestSpecifications()
  return (
    vitest.config.testNamePattern === undefined &&
    vitest.state.getCountOfFailedTests() === 0 &&
    all.every(({ moduleId }) => ran.has(moduleId))
  )
}

function findMissing(directory: string): string[] {
  const lines = (name: string) => readFileSync(join(directory, name), 'utf8').trim().split('\n')
  const seen = new Set(
    readdirSync(directory)
      .filter((name) => name !== EXPECTED)
      .flatMap(lines),
  )
  // `*`: of any operation.
  const ofAny = new Set([...seen].map((line) => line.replace(/^\S+/, '*')))
  return lines(EXPECTED).filter((line) => !seen.has(line) && !ofAny.has(line))
}
