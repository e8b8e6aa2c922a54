// Breaks every import rule of biome.json and expects an error of the linter. Otherwise, a rule without effect would look
// like code without violations.
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

/** The lines of one file. Its path decides which imports are allowed. */
interface Lines {
  readonly forbidden: readonly string[]
  readonly allowed: readonly string[]
}

const from = (...specifiers: string[]) => specifiers.map((specifier) => `export { thing } from '${specifier}'`)

const APPS = ['api', 'worker', 'standalone', 'admin']
const READS_ENVIRONMENT = 'export const port = process.env.PORT'

const FILES: Readonly<Record<string, Lines>> = {
  'packages/shared/src/ledger/ledger.ts': {
    forbidden: [
      ...APPS.flatMap((app) => from(`@waybill/${app}/main.ts`, `../../../../apps/${app}/src/main.ts`)),
      ...from('@waybill/shared/vocabulary/errors.ts'),
      READS_ENVIRONMENT,
    ],
    allowed: from('../vocabulary/errors.ts', '../datasets/index.ts', '../formats/index.ts', 'zod', 'node:fs'),
  },
  'packages/shared/src/settings/read.ts': {
    forbidden: from('@waybill/api/server.ts'),
    allowed: [READS_ENVIRONMENT],
  },
  'packages/shared/src/datasets/orders.ts': {
    forbidden: from(
      './users.ts',
      '../formats/csv.ts',
      '../storage/storage.ts',
      '../source/source.ts',
      '../settings/read.ts',
      '@waybill/shared/storage/storage.ts',
      '@waybill/api/server.ts',
      '../../../../apps/api/src/server.ts',
    ),
    allowed: from('./dataset.ts', '../vocabulary/table.ts', '../vocabulary/text.ts', 'zod'),
  },
  'packages/shared/src/datasets/index.ts': {
    forbidden: from('../formats/csv.ts', '../storage/storage.ts', '@waybill/shared/formats/csv.ts'),
    allowed: from('./orders.ts', './dataset.ts'),
  },
  'packages/shared/src/contract/orders.ts': {
    forbidden: from(
      'node:fs',
      'express',
      '@prisma/client',
      '@waybill/shared/vocabulary/export.ts',
      '../ledger/ledger.ts',
      '../settings/read.ts',
      '../datasets/index.ts',
      '../generated/prisma/client.ts',
    ),
    allowed: from('zod', './fields.ts', '../vocabulary/export.ts', '../vocabulary/errors.ts', '../vocabulary/table.ts'),
  },
  'packages/shared/src/formats/parquet.ts': {
    forbidden: from(
      '../datasets/users.ts',
      '../source/source.ts',
      '../storage/storage.ts',
      '../settings/read.ts',
      '@waybill/shared/datasets/users.ts',
      '@waybill/worker/worker.ts',
    ),
    allowed: from('./format.ts', './xlsx/zip.ts', '../vocabulary/table.ts', '../vocabulary/export.ts', 'node:zlib'),
  },
  'packages/shared/src/formats/xlsx/encoder.ts': {
    forbidden: from('../../datasets/users.ts', '../../storage/storage.ts', '@waybill/shared/vocabulary/table.ts'),
    allowed: from('./cells.ts', '../format.ts', '../../vocabulary/table.ts'),
  },
  'packages/shared/src/storage/storage.ts': {
    forbidden: from(
      '../datasets/users.ts',
      '../formats/csv.ts',
      '../source/source.ts',
      '@waybill/shared/vocabulary/table.ts',
      '../../../../apps/api/src/x.ts',
    ),
    allowed: from('./failure.ts', '../vocabulary/errors.ts', '@aws-sdk/client-s3'),
  },
  'apps/api/src/server.ts': {
    forbidden: [
      ...from('@waybill/worker', '@waybill/worker/worker.ts', '../../worker/src/worker.ts'),
      ...from('@waybill/standalone/system.ts', '../../standalone/src/system.ts'),
      ...from('../../../packages/shared/src/ledger/ledger.ts'),
      `export type { WorkerDeps } from '../../worker/src/worker.ts'`,
      `import type { RunningWorker } from '@waybill/worker/worker.ts'`,
      `export const byName = await import('@waybill/worker/worker.ts')`,
      `export const byPath = await import('../../worker/src/worker.ts')`,
      READS_ENVIRONMENT,
    ],
    allowed: from(
      '@waybill/shared/ledger/ledger.ts',
      './auth/authenticate.ts',
      './routes/exports/exports.ts',
      'express',
    ),
  },
  'apps/api/src/routes/exports/exports.ts': {
    forbidden: from('../../../../worker/src/worker.ts', '@waybill/worker/worker.ts'),
    allowed: from('../../auth/authenticate.ts', './history.ts'),
  },
  'apps/worker/src/worker.ts': {
    forbidden: [
      ...from('@waybill/api/server.ts', '../../api/src/server.ts'),
      ...from('@waybill/standalone/system.ts', '../../standalone/src/system.ts'),
      ...from('../../../packages/shared/src/ledger/ledger.ts'),
      'work()', // a promise that is not awaited
      READS_ENVIRONMENT,
    ],
    allowed: [
      ...from('@waybill/shared/ledger/ledger.ts', './exports/run-export.ts'),
      'declare function work(): Promise<void>',
    ],
  },
  'apps/standalone/src/system.ts': {
    forbidden: [READS_ENVIRONMENT],
    allowed: from('@waybill/api/server.ts', '@waybill/worker/worker.ts', '@waybill/shared/settings/read.ts'),
  },
  'packages/client/src/resources/exports.ts': {
    forbidden: [
      ...from(
        '@waybill/shared/vocabulary/export.ts',
        '@waybill/shared/vocabulary/errors.ts',
        '../../../shared/src/contract/me.ts',
      ),
      ...from('@waybill/api/server.ts', '../../../../apps/api/src/server.ts', 'node:fs', '../node/save-export.ts'),
      `import type { ExportRow } from '@waybill/shared/ledger/ledger.ts'`,
      `export const lazily = await import('node:crypto')`,
      READS_ENVIRONMENT,
    ],
    allowed: from('@waybill/shared/contract/exports.ts', '../http/wait.ts'),
  },
  'packages/client/src/node/save-export.ts': {
    forbidden: from('@waybill/shared/vocabulary/export.ts', '../../../shared/src/contract/me.ts'),
    allowed: from('node:fs', '../client.ts', '@waybill/shared/contract/exports.ts'),
  },
  'packages/client/src/cli/main.ts': {
    forbidden: [...from('@waybill/shared/settings/read.ts', '@waybill/standalone/system.ts'), READS_ENVIRONMENT],
    allowed: from('node:process', '../client.ts', './commands/export.ts'),
  },
  'packages/client/src/cli/environment.ts': { forbidden: [], allowed: [READS_ENVIRONMENT] },
  'scripts/run.mjs': { forbidden: [], allowed: [READS_ENVIRONMENT] },
}

/** Imports of types only: `a` and `b` import each other, `c` is not part of the cycle. */
const CIRCLE: Readonly<Record<string, Lines>> = {
  'packages/shared/src/ledger/a.ts': {
    forbidden: [`import type { B } from './b.ts'`],
    allowed: [`import type { C } from './c.ts'`, `export type A = B | C`],
  },
  'packages/shared/src/ledger/b.ts': {
    forbidden: [`import { type A } from './a.ts'`],
    allowed: ['export interface B { readonly a: A }'],
  },
  'packages/shared/src/ledger/c.ts': { forbidden: [], allowed: ['export interface C { readonly c: number }'] },
}

const RULES = ['lint/style/noRestrictedImports', 'lint/style/noProcessEnv', 'lint/nursery/noFloatingPromises']

it('the linter refuses an import cycle, also one of types only', async () => {
  const refused = await refusedLines(CIRCLE, ['lint/suspicious/noImportCycles'])
  for (const [path, { forbidden }] of Object.entries(CIRCLE)) expect(refused.get(path) ?? []).toEqual(forbidden)
})

describe('the linter refuses what the house rules forbid, and nothing else', () => {
  let refused: ReadonlyMap<string, readonly string[]>
  beforeAll(async () => {
    refused = await refusedLines(FILES, RULES)
  })

  it.each(Object.entries(FILES))('in %s', (path, { forbidden }) => {
    expect((refused.get(path) ?? []).toSorted()).toEqual(forbidden.toSorted())
  })
})

/** The refused lines by file. The files are in a temporary directory, so that `npm run check` does not find them. */
async function refusedLines(
  files: Readonly<Record<string, Lines>>,
  rules: readonly string[],
): Promise<Map<string, string[]>> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-lint-'))
  try {
    const root = fileURLToPath(new URL('../../..', import.meta.url))
    for (const name of ['biome.json', '.gitignore']) await copyFile(join(root, name), join(directory, name))
    const lines = new Map(Object.entries(files).map(([path, file]) => [path, [...file.forbidden, ...file.allowed]]))
    for (const [path, text] of lines) {
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await writeFile(join(directory, path), `${text.join('\n')}\n`)
    }
    const refused = new Map<string, string[]>()
    for (const { path, line } of await lint(join(root, 'node_modules/.bin/biome'), directory, rules)) {
      const text = lines.get(path)?.[line - 1] ?? `line ${line}`
      refused.set(path, [...new Set([...(refused.get(path) ?? []), text])])
    }
    return refused
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

interface Refusal {
  /** Relative to the temporary directory. */
  readonly path: string
  /** Counted from 1. */
  readonly line: number
}

function lint(biome: string, directory: string, rules: readonly string[]): Promise<Refusal[]> {
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.']
  return new Promise((resolve, reject) => {
    // Biome exits with code 1 because of the violations. Only output that cannot be parsed is a failure.
    execFile(biome, args, { cwd: directory }, (_error, stdout, stderr) => {
      try {
        const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] }
        const ours = diagnostics.filter(({ category }) => rules.includes(category))
        resolve(ours.map(({ location }) => ({ path: location.path, line: location.start.line })))
      } catch (cause) {
        reject(new Error(`biome answered:\n${stdout}\n${stderr}`, { cause }))
      }
    })
  })
}

interface Diagnostic {
  readonly category: string
  readonly location: { readonly path: string; readonly start: { readonly line: number } }
}
