// Runs the shell blocks of a document in one shell, one after the other.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Block } from './blocks.ts'

export interface SessionOptions {
  /** The working directory, a clone. */
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  /** Texts of the document and their replacements. */
  readonly replacements: Readonly<Record<string, string>>
}

/** Limit for one document, so that an endless loop in it ends. */
const DOCUMENT_TIMEOUT_MS = 500_000

/** @returns the standard output of each block @throws Error with the failed block and its output */
export async function runBlocks(
  blocks: readonly Block[],
  options: SessionOptions,
): Promise<ReadonlyMap<Block, string>> {
  const outputs = await mkdtemp(join(tmpdir(), 'waybill-docs-output-'))
  try {
    const script = join(outputs, 'script.sh')
    await writeFile(script, writeScript(blocks, outputs, options.replacements))
    const shell = spawn('bash', [script], {
      cwd: options.directory,
      env: options.env,
      stdio: 'ignore',
      timeout: DOCUMENT_TIMEOUT_MS,
    })
    const [code] = (await once(shell, 'close')) as [number | null]
    const read = (name: string) => readFile(join(outputs, name), 'utf8').catch(() => '')
    if (code !== 0) {
      const index = Number(await read('at'))
      const said = `${await read(`${index}.out`)}${await read(`${index}.err`)}`
      throw new Error(
        `line ${blocks[index]?.line} ended with ${code === null ? 'the time limit' : `code ${code}`}:\n${blocks[index]?.text}\n\n${said}`,
      )
    }
    return new Map(await Promise.all(blocks.map(async (block, index) => [block, await read(`${index}.out`)] as const)))
  } finally {
    await rm(outputs, { recursive: true, force: true })
  }
}

/** The output of a system in the background when it is ready. */
const IS_RUNNING = 'Waybill is running'

function writeScript(blocks: readonly Block[], outputs: string, replacements: SessionOptions['replacements']): string {
  const steps = blocks.map((block, index) => {
    const begin = `printf ${index} >'${outputs}/at'\nexec >'${outputs}/${index}.out' 2>'${outputs}/${index}.err'`
    const text = Object.entries(replacements).reduce((all, [from, to]) => all.replaceAll(from, to), block.text)
    if (!block.isBackground) return `${begin}\n${text}`
    return `${begin}
(${text}) &
background+=($!)
until grep -q '${IS_RUNNING}' '${outputs}/${index}.out'; do kill -0 $!; sleep 0.1; done`
  })
  // With job control (-m), each job has a separate process group, so that all its processes can be ended.
  return `set -euo pipefail -m
background=()
end() { for job in "\${background[@]}"; do kill -TERM -- "-$job"; wait "$job" || true; done; }
trap end EXIT
${steps.join('\n')}
`
}
