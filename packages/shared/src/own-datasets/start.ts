// Checks the operator's datasets against the source at the start of a process.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Datasets } from '../datasets/registry.ts'
import type { Logger } from '../process/log.ts'
import { exitForConfig } from '../settings/read.ts'
import type { Config } from '../settings/schema.ts'
import { checkDatasets } from './check.ts'
import { datasetsError, type LoadedDatasets, loadDatasets } from './module.ts'
import { SourceUnavailableError } from './probe.ts'

const RECHECK_INTERVAL_MS = 10_000

/** Loads the datasets of a process. If they are not valid, prints the faults and exits with code 1. */
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
 * Checks the operator's own datasets. Built-in datasets are not checked, because their tables may be missing. If the
 * source is unavailable, the process starts anyway and the check is repeated later. Faults that are found then are only
 * logged, because other exports may be running.
 *
 * @throws ConfigError if the source rejects a dataset
 */
export async function verifyDatasets({ own }: LoadedDatasets, config: Config, log: Logger): Promise<void> {
  if (own.length === 0) return
  const check = async () => {
    const faults = await checkDatasets(config.SOURCE_DATABASE_URL ?? config.DATABASE_URL, own)
    return [...faults].flatMap(([name, found]) => found.map((fault) => `dataset "${name}": ${fault}`))
  }
  const checkLater = async () => {
    for (;;) {
      await sleep(RECHECK_INTERVAL_MS, undefined, { ref: false })
      try {
        const problems = await check()
        if (problems.length > 0) log.error({ module: config.DATASETS, problems }, 'the source rejects datasets')
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
    log.warn({ module: config.DATASETS, error }, 'the source is unavailable: its datasets will be checked later')
    checkLater().catch((reason: unknown) => log.error({ error: reason }, 'the datasets could not be checked'))
  }
}
