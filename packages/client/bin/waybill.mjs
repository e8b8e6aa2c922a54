#!/usr/bin/env node
// `npx waybill` in the repository: runs the command line with a Node that supports TypeScript, and installs that Node when it
// is missing. Plain JavaScript for Node 20. The published package has its own build (scripts/build-client.ts).
import { spawn } from 'node:child_process'
import module from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const ENTRY = new URL('../src/cli/run.ts', import.meta.url)
const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[/\\]$/, '')

// With the compile cache, the next call starts in a third of the time.
module.enableCompileCache?.()

if (process.features.typescript) await import(ENTRY.href)
else process.exitCode = await runWithOwnNode(process.argv.slice(2))

/** The child stays in our process group, so that it receives the terminal's signals and can read from the terminal. */
async function runWithOwnNode(args) {
  const { ensureInstalled, findNode, SetupError } = await import('../../../scripts/install.mjs')
  try {
    await ensureInstalled(ROOT, { production: false })
    return await run(findNode(ROOT), args)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

function run(node, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [fileURLToPath(ENTRY), ...args], { stdio: 'inherit' })
    // Forwards signals that are sent only to this process. The child ignores duplicates (interrupt.ts).
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal === null ? code : 128 + constants.signals[signal]))
  })
}
