// Checks at the end of the run that a test received every response of the OpenAPI document.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** A directory with one file per process: the received responses, as `operationId status code`. */
    observations: string
  }
}

/** The file with the responses that must be received. The test of the routes writes it. */
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
      throw new Error(`No test received these responses of /openapi.json:\n${missing.join('\n')}`)
    }
  }
}

/** The check needs all tests, without failures. */
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
  // `*` stands for any operation.
  const ofAny = new Set([...seen].map((line) => line.replace(/^\S+/, '*')))
  return lines(EXPECTED).filter((line) => !seen.has(line) && !ofAny.has(line))
}
