// Median and percentile of a series of measurements.

/** The middle value, or the mean of the two middle values. @throws RangeError without values */
export function median(values: readonly number[]): number {
  const half = (values.length - 1) / 2
  const sorted = [...values].sort((a, b) => a - b)
  return (at(sorted, Math.floor(half)) + at(sorted, Math.ceil(half))) / 2
}

/** The smallest value that this percentage of the values does not exceed (nearest rank). @throws RangeError without values */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return at(sorted, Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1))
}

function at(values: readonly number[], index: number): number {
  const value = values[index]
  if (value === undefined) throw new RangeError('there are no measurements')
  return value
}
