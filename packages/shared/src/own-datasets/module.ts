// Loads the operator's own datasets: a module or a package, from wherever it lies, beside those that come along.
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Dataset } from '../datasets/dataset.ts'
import { GAME_DATASETS, LEDGER_DATASETS } from '../datasets/index.ts'
import { createDatasets, type Datasets } from '../datasets/registry.ts'
import { ConfigError } from '../settings/read.ts'
import type { Config } from '../settings/schema.ts'
import { datasetFaults } from './shape.ts'

export interface LoadedDatasets {
  readonly datasets: Datasets
  /** Those of the operator's module among them. */
  readonly own: readonly Dataset[]
}

/** What a module of datasets is written against, under the name by which it imports it. */
const API = 'waybill/datasets'
const API_URL = new URL('../datasets/dataset.ts', import.meta.url).href

/** Paths are relative to the working directory. @throws ConfigError with every mistake that shows without a database */
export async function loadDatasets(config: Pick<Config, 'DATASETS' | 'GAME_DATASETS'>): Promise<LoadedDatasets> {
  const own = config.DATASETS === undefined ? [] : await loadModule(config.DATASETS)
  const asked = createDatasets(config.GAME_DATASETS ? GAME_DATASETS : [], own)
  if (asked.size === 0) throw new ConfigError(['GAME_DATASETS is false and DATASETS names no other: none is left'])
  // Last, so that none of the operator's can stand in for the trail.
  return { datasets: createDatasets([...asked.values()], LEDGER_DATASETS), own }
}

/** How problems with the operator's datasets are told. `problems` name the dataset each. */
export function datasetsError(module: string | undefined, problems: readonly string[]): ConfigError {
  return new ConfigError(problems, {
    about: `The datasets of ${module}`,
    advice: 'How they are written: docs/extending.md. To check them: npm run dataset:check',
  })
}

async function loadModule(module: string): Promise<readonly Dataset[]> {
  const declared = await importDatasets(module)
  const problems = declared.flatMap((dataset, index) => {
    const name = nameOf(dataset)
    const isSecond = name !== undefined && declared.findIndex((other) => nameOf(other) === name) < index
    const isTaken = LEDGER_DATASETS.some((other) => other.name === name)
    const faults = [
      ...datasetFaults(dataset),
      ...(isSecond ? ['the name is taken by another in this list'] : []),
      ...(isTaken ? ['the name is taken by a dataset of Waybill’s own tables, which none can stand in for'] : []),
    ]
    return faults.map((fault) => `${name === undefined ? `datasets[${index}]` : `dataset "${name}"`}: ${fault}`)
  })
  if (problems.length > 0) throw datasetsError(module, problems)
  return declared as readonly Dataset[]
}

function nameOf(declared: unknown): string | undefined {
  const name = (declared as { name?: unknown } | null | undefined)?.name
  return typeof name === 'string' ? name : undefined
}

async function importDatasets(module: string): Promise<readonly unknown[]> {
  const hooks = registerHooks({ resolve: resolveForModule })
  try {
    const { datasets, ...others }: Record<string, unknown> = await import(specifier(module))
    if (Array.isArray(datasets)) return datasets
    const found = Object.keys(others).join(', ') || 'nothing'
    throw datasetsError(module, [`it must export a list "datasets"; it exports ${found}`])
  } catch (error) {
    throw error instanceof ConfigError ? error : datasetsError(module, [describeFailure(error, module)])
  } finally {
    hooks.deregister()
  }
}

/** A path, also without "../" when such a file is there; else the name of a package. */
function specifier(module: string): string {
  const isPath = isAbsolute(module) || /^\.\.?[/\\]/.test(module) || existsSync(resolve(module))
  return isPath ? pathToFileURL(resolve(module)).href : module
}

/**
 * Lends what a module outside of this repository needs and may not have: the seam, and zod. A package is looked for
 * from the working directory on, not from here.
 */
const resolveForModule: Parameters<typeof registerHooks>[0]['resolve'] = (wanted, context, next) => {
  if (wanted === API) return next(API_URL, context)
  const from = context.parentURL === import.meta.url ? pathToFileURL(resolve('datasets')).href : context.parentURL
  try {
    const found = next(wanted, { ...context, ...(from === undefined ? {} : { parentURL: from }) })
    // Of a file without a package.json Node would try out what it is, and warn of that.
    return found.format == null && /\.m?ts$/.test(found.url) ? { ...found, format: 'module-typescript' } : found
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (isMissing && /^zod($|\/)/.test(wanted)) return next(wanted, { ...context, parentURL: import.meta.url })
    throw error
  }
}

/** The error of a module that cannot be loaded, with the place in it where Node says one. */
function describeFailure(error: unknown, module: string): string {
  if (!(error instanceof Error)) return String(error)
  const place = /file:\/\/\S+?:\d+/.exec(error.stack ?? '')?.[0]
  const isOurs = place?.startsWith(new URL('..', import.meta.url).href) ?? false
  // Only of the module itself, not of what it imports.
  const missing = [`Cannot find package '${module}' `, `Cannot find module '${resolve(module)}' `]
  if (missing.some((start) => error.message.startsWith(start))) {
    return `it was not found, neither as the file ${resolve(module)} nor as a package`
  }
  return `${error.name}: ${error.message}${place === undefined || isOurs ? '' : ` (${place})`}`
}
