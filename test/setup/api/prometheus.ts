// Reads the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/), strictly.

/** By the name with its labels in order, as in `name{a="1",b="2"}`. */
export type Samples = Readonly<Record<string, number>>

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/

/** @throws Error when the answer is none, or a line is not of the format */
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
    if (key in samples) throw new Error(`told twice: ${key}`)
    samples[key] = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value)
  }
  return samples
}
