// Runs the shell blocks of a document one after the other in one shell, as a reader types them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Block } from './blocks.ts'

export interface SessionOptions {
  /** Working directory: a clone. */
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  /** What stands in the document, and what is there instead. */
  readonly replacements: Readonly<Record<string, string>>
}

/** Milliseconds that a document may take: a loop that waits for what never comes must end. */
const TIMEOUT = 500_000

/** What each block wrote to its standard output. @throws Error that shows the block that failed, and what it said */
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
      timeout: TIMEOUT,
    })
    const [code] = (await once(shell, 'close')) as [number | null]
    const read = (name: string) => readFile(join(outputs, name), 'utf8').catch(() => '')
    if (code !== 0) {
      const index = Number(await read('at'))
      const said = `${await read(`${index}.out`)}${await read(`${index}.err`)}`
      throw new Error(
        `line ${blocks[index]?.line} ended with ${code === null ? 'the time' : `code ${code}`}:\n${blocks[index]?.text}\n\n${said}`,
      )
    }
    return new Map(await Promise.all(blocks.map(async (block, index) => [block, await read(`${index}.out`)] as const)))
  } finally {
    await rm(outputs, { recursive: true, force: true })
  }
}

/** The line that says that a system in the background answers. */
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
  // Each job has a process group of its own, so that all of it can be ended.
  return `set -euo pipefail -m
background=()
end() { for job in "\${background[@]}"; do kill -TERM -- "-$job"; wait "$job" || true; done; }
trap end EXIT
${steps.join('\n')}
`
}
