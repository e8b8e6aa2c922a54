// `waybill datasets`: what there is to export.
import { defineCommand } from '../arguments/command.ts'
import { sayValues, shortestFlag } from '../arguments/filters.ts'
import { didYouMean } from '../arguments/suggest.ts'
import { UsageError } from '../arguments/usage-error.ts'
import { table } from '../terminal/output.ts'

export const datasetsCommand = defineCommand({
  name: 'datasets',
  summary: 'what there is to export; with a name, its columns and filters',
  arguments: [{ name: 'NAME', description: 'of a dataset', isOptional: true }],
  flags: {},
  examples: [
    { line: 'waybill datasets', says: 'all of them' },
    { line: 'waybill datasets user-points', says: 'the columns and filters of one' },
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
        `There is no dataset "${name}", or not for this key.${didYouMean(name, names)}`,
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
        table(['  COLUMN', 'KIND'], columns),
        '',
        table(['  FLAG', 'FILTER', 'WHAT IT DOES'], filters),
      ].join('\n'),
    )
  },
})
