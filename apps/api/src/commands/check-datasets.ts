// `npm run dataset:check`: checks each dataset against the source database and reports its faults.

import { checkDatasets, checkOrder } from '@waybill/shared/own-datasets/check.ts'
import { loadDatasets } from '@waybill/shared/own-datasets/module.ts'
import { SourceUnavailableError } from '@waybill/shared/own-datasets/probe.ts'
import { exitForConfig, readDatasetConfigOrExit } from '@waybill/shared/settings/read.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

const config = readDatasetConfigOrExit(process.argv[2])
const { datasets, own } = await loadDatasets(config).catch(exitForConfig)
const sourceDatasets = [...datasets.values()].filter(({ database }) => database !== 'ledger')
const url = config.SOURCE_DATABASE_URL ?? config.DATABASE_URL
try {
  const faults = await checkDatasets(url, sourceDatasets)
  for (const dataset of sourceDatasets) {
    // The order is checked by running the query, which fails when the query has faults.
    const found = faults.get(dataset.name) ?? (await checkOrder(url, dataset))
    const columns = Object.keys(dataset.columns).length
    const filters = Object.keys(dataset.filters).length
    const origin = own.includes(dataset) ? config.DATASETS : 'comes with Waybill'
    say(
      `${found.length === 0 ? 'ok    ' : 'FAULTY'}  ${dataset.name} (${origin}): ${columns} columns, ${filters} filters`,
    )
    for (const fault of found) say(`          ${fault}`)
    if (found.length > 0) process.exitCode = 1
  }
  const failing = sourceDatasets.filter((dataset) => !own.includes(dataset) && faults.has(dataset.name))
  if (own.length > 0 && failing.length > 0) {
    say('If the source does not contain the tables of GAME, set GAME_DATASETS=false.')
  }
} catch (error) {
  if (!(error instanceof SourceUnavailableError)) throw error
  process.stderr.write(`The source database does not answer: ${error.message}\n`)
  process.exitCode = 1
}
