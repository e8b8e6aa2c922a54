// Holds an operator's datasets to the source when a process starts: what the composition roots share.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Datasets } from '../datasets/registry.ts'
import type { Logger } from '../process/log.ts'
import { exitForConfig } from '../settings/read.ts'
import type { Config } from '../settings/schema.ts'
import { checkDatasets } from './check.ts'
import { datasetsError, type LoadedDatasets, loadDatasets } from './module.ts'
import { SourceUnavailableError } from './probe.ts'

/** Milliseconds between two tries while the source is silent. */
const PAUSE = 10_000

/** The datasets of a process; says what is wrong with them and stops it with code 1. */
export async function loadDatasetsOrExit(config: Config, log: Logger): Promise<Datasets> {
  try {
    const loaded = await loadDatasets(config)
    await verifyDatasets(loaded, config, log)
    return loaded.datasets
  } catch (error) {
    exitForConfig(error)
  }
}

/**
 * Checks the operator's own datasets; those that come along are Waybill's to check, and their tables may be missing.
 * A source that is away keeps no process from starting: it is asked again later, and what it refuses then is logged,
 * as work may be under way that has nothing to do with it.
 *
 * @throws ConfigError when the source refuses one of them
 */
export async function verifyDatasets({ own }: LoadedDatasets, config: Config, log: Logger): Promise<void> {
  if (own.length === 0) return
  const check = async () => {
    const faults = await checkDatasets(config.SOURCE_DATABASE_URL ?? config.DATABASE_URL, own)
    return [...faults].flatMap(([name, found]) => found.map((fault) => `dataset "${name}": ${fault}`))
  }
  const checkLater = async () => {
    for (;;) {
      await sleep(PAUSE, undefined, { ref: false })
      try {
        const problems = await check()
        if (problems.length > 0) log.error({ module: config.DATASETS, problems }, 'the source refuses datasets')
        return
      } catch (error) {
        if (!(error instanceof SourceUnavailableError)) throw error
      }
    }
  }
  try {
    const problems = await check()
    if (problems.length > 0) throw datasetsError(config.DATASETS, problems)
  } catch (error) {
    if (!(error instanceof SourceUnavailableError)) throw error
    log.warn({ module: config.DATASETS, error }, 'the source is silent: its datasets are checked later')
    checkLater().catch((reason: unknown) => log.error({ error: reason }, 'the datasets could not be checked'))
  }
}
