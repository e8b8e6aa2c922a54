// Parses durations and sizes, as written in settings.

const DURATION_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const SIZE_UNITS = {
  B: 1,
  kB: 1_000,
  KiB: 1_024,
  MB: 1_000_000,
  MiB: 1_024 ** 2,
  GB: 1_000_000_000,
  GiB: 1_024 ** 3,
  TB: 1_000_000_000_000,
  TiB: 1_024 ** 4,
} as const

/** `250ms`, `30s`, `15m`, `12h`, `7d` to milliseconds. Undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, DURATION_UNITS)
}

/** `512KiB`, `16MiB`, `2GB` to bytes. Undefined for any other text. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, SIZE_UNITS)
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim())
  const unit = match?.[2] !== undefined && Object.hasOwn(units, match[2]) ? units[match[2]] : undefined
  if (match?.[1] === undefined || unit === undefined) return undefined
  return Math.round(Number(match[1]) * unit)
}
