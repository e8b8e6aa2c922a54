// Generates the Prisma client, on Node 20 and offline. The generation needs no schema engine, so the path of another
// executable avoids its download (docs/decisions/0003-prisma-without-its-engine.md).
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
// npx runs this script before the dependencies are installed. scripts/install.mjs runs it again after the installation.
if (!existsSync(`${root}node_modules/prisma`)) process.exit(0)
const result = spawnSync(process.execPath, ['node_modules/prisma/build/index.js', 'generate', '--no-hints'], {
  cwd: root,
  env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
  encoding: 'utf8',
})
if (result.status !== 0) {
  process.stderr.write(
    `Could not generate the Prisma client:\n${result.stdout ?? ''}${result.stderr ?? result.error}\n`,
  )
  process.exit(1)
}
