#!/usr/bin/env node
// `npx waybill` in the repository: runs the command line on a Node that runs TypeScript as it is, and installs it where it
// is missing. Plain JavaScript for Node 20. What is published has a build of its own (scripts/build-client.ts).
import { spawn } from 'node:child_process'
import module from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const ENTRY = new URL('../src/cli/run.ts', import.meta.url)
const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[/\\]$/, '')

// Node keeps what it has compiled: the next call starts in a third of the time.
module.enableCompileCache?.()

if (process.features.typescript) await import(ENTRY.href)
else process.exitCode = await handOver(process.argv.slice(2))

/** In our process group: the terminal's signals reach it, and it must be able to read from the terminal. */
async function handOver(args) {
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
    // Whoever sends a signal to us alone means the program; that it may get one twice, it knows.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal === null ? code : 128 + constants.signals[signal]))
  })
}
