// Loads the operator's own datasets from a module or a package, in addition to the built-in datasets.
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
  /** The datasets of the operator's module. */
  readonly own: readonly Dataset[]
}

/** The name under which a module of datasets imports `defineDataset`. */
const API = 'waybill/datasets'
const API_URL = new URL('../datasets/dataset.ts', import.meta.url).href

/** Paths are relative to the working directory. @throws ConfigError with all faults that can be found without a database */
export async function loadDatasets(config: Pick<Config, 'DATASETS' | 'GAME_DATASETS'>): Promise<LoadedDatasets> {
  const own = config.DATASETS === undefined ? [] : await loadModule(config.DATASETS)
  const exportable = createDatasets(config.GAME_DATASETS ? GAME_DATASETS : [], own)
  if (exportable.size === 0)
    throw new ConfigError(['GAME_DATASETS is false and DATASETS is not set: there is no dataset'])
  // Added last, so that no dataset of the operator can replace the audit trail.
  return { datasets: createDatasets([...exportable.values()], LEDGER_DATASETS), own }
}

/** The error for faults in the operator's datasets. Each problem names its dataset. */
export function datasetsError(module: string | undefined, problems: readonly string[]): ConfigError {
  return new ConfigError(problems, {
    about: `The datasets of ${module}`,
    advice: 'Documentation: docs/extending.md. To check the datasets: npm run dataset:check',
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
      ...(isSecond ? ['another dataset in this list has the same name'] : []),
      ...(isTaken ? ['the name belongs to a built-in dataset, which cannot be replaced'] : []),
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
    throw datasetsError(module, [`it must export a list "datasets", but it exports ${found}`])
  } catch (error) {
    throw error instanceof ConfigError ? error : datasetsError(module, [describeFailure(error, module)])
  } finally {
    hooks.deregister()
  }
}

/** A path (also without "./" if the file exists), otherwise the name of a package. */
function specifier(module: string): string {
  const isPath = isAbsolute(module) || /^\.\.?[/\\]/.test(module) || existsSync(resolve(module))
  return isPath ? pathToFileURL(resolve(module)).href : module
}

/**
 * Provides `waybill/datasets` and zod to a module outside of this repository, where they may not be installed. Packages
 * are resolved from the working directory, not from this file.
 */
const resolveForModule: Parameters<typeof registerHooks>[0]['resolve'] = (wanted, context, next) => {
  if (wanted === API) return next(API_URL, context)
  const from = context.parentURL === import.meta.url ? pathToFileURL(resolve('datasets')).href : context.parentURL
  try {
    const found = next(wanted, { ...context, ...(from === undefined ? {} : { parentURL: from }) })
    // Without a package.json, Node would guess the module type and print a warning.
    return found.format == null && /\.m?ts$/.test(found.url) ? { ...found, format: 'module-typescript' } : found
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (isMissing && /^zod($|\/)/.test(wanted)) return next(wanted, { ...context, parentURL: import.meta.url })
    throw error
  }
}

/** Describes why a module cannot be loaded, with the location if Node reports one. */
function describeFailure(error: unknown, module: string): string {
  if (!(error instanceof Error)) return String(error)
  const place = /file:\/\/\S+?:\d+/.exec(error.stack ?? '')?.[0]
  const isInWaybill = place?.startsWith(new URL('..', import.meta.url).href) ?? false
  // Only for the module itself, not for its imports.
  const missing = [`Cannot find package '${module}' `, `Cannot find module '${resolve(module)}' `]
  if (missing.some((start) => error.message.startsWith(start))) {
    return `it was not found, neither as the file ${resolve(module)} nor as a package`
  }
  return `${error.name}: ${error.message}${place === undefined || isInWaybill ? '' : ` (${place})`}`
}
