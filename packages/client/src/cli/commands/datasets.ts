// `waybill datasets`: the available datasets.
import { defineCommand } from '../arguments/command.ts'
import { sayValues, shortestFlag } from '../arguments/filters.ts'
import { didYouMean } from '../arguments/suggest.ts'
import { UsageError } from '../arguments/usage-error.ts'
import { table } from '../terminal/output.ts'

export const datasetsCommand = defineCommand({
  name: 'datasets',
  summary: 'List the available datasets, or the columns and filters of one',
  arguments: [{ name: 'NAME', description: 'name of a dataset', isOptional: true }],
  flags: {},
  examples: [
    { line: 'waybill datasets', description: 'List all datasets' },
    { line: 'waybill datasets user-points', description: 'Show the columns and filters of a dataset' },
  ],
  async run({ arguments: [name], context }) {
    const { output } = context
    const all = await (await context.client()).datasets.list()
    if (name === undefined) {
      const rows = all.map((one) => [
        one.name,
        one.title,
        String(one.columns.length),
        one.filters.map((f) => shortestFlag(one, f.name)).join(' '),
      ])
      output.result(all, () => table(['NAME', 'TITLE', 'COLUMNS', 'FILTERS'], rows))
      return
    }
    const found = all.find((one) => one.name === name)
    if (found === undefined) {
      const names = all.map((one) => one.name)
      throw new UsageError(
        `unknown dataset "${name}", or not allowed for this key.${didYouMean(name, names)}`,
        `Datasets: ${names.join(', ')}`,
      )
    }
    const columns = found.columns.map(({ name: column, kind }) => [`  ${column}`, kind])
    const filters = found.filters.map(({ name: filter, description, schema }) => [
      `  ${shortestFlag(found, filter)}`,
      filter,
      `${description} ${sayValues(schema)}`,
    ])
    output.result(found, () =>
      [
        `${found.name}: ${found.title} (${found.formats.join(', ')})`,
        '',
        table(['  COLUMN', 'TYPE'], columns),
        '',
        table(['  FLAG', 'FILTER', 'DESCRIPTION'], filters),
      ].join('\n'),
    )
  },
})
