// A strict reader of the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/).

/** Values by name with sorted labels, as in `name{a="1",b="2"}`. */
export type Samples = Readonly<Record<string, number>>

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/

/** @throws Error if the request fails or a line is not valid */
export async function readMetrics(url: string): Promise<Samples> {
  const response = await fetch(`${url}/metrics`)
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`)
  const samples: Record<string, number> = {}
  for (const line of (await response.text()).split('\n')) {
    if (line === '' || /^# (HELP|TYPE) \w+ /.test(line)) continue
    const [, name, labels, value] = SAMPLE.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`not a line of Prometheus' format: ${line}`)
    const sorted = labels?.match(/\w+="(?:[^"\\]|\\.)*"/g)?.sort()
    const key = sorted === undefined ? name : `${name}{${sorted.join(',')}}`
    if (key in samples) throw new Error(`duplicate sample: ${key}`)
    samples[key] = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value)
  }
  return samples
}
