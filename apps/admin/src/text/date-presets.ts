// Common date ranges, in the reader's time zone.

export const PRESETS = [
  'all',
  'today',
  'yesterday',
  'last7',
  'last30',
  'thisMonth',
  'lastMonth',
  'thisYear',
  'custom',
] as const
export type Preset = (typeof PRESETS)[number]

/** Days in the format of date inputs, `2026-11-23`; both inclusive. An empty string means no limit. */
export interface DayRange {
  readonly from: string
  readonly to: string
}

/** The date range of a preset, counted from `today`. */
export function rangeOf(preset: Exclude<Preset, 'custom'>, today: Date): DayRange {
  const [year, month, day] = [today.getFullYear(), today.getMonth(), today.getDate()]
  const range = (from: Date, to: Date) => ({ from: dayOf(from), to: dayOf(to) })
  switch (preset) {
    case 'all':
      return { from: '', to: '' }
    case 'today':
      return range(today, today)
    case 'yesterday':
      return range(new Date(year, month, day - 1), new Date(year, month, day - 1))
    case 'last7':
      return range(new Date(year, month, day - 6), today)
    case 'last30':
      return range(new Date(year, month, day - 29), today)
    case 'thisMonth':
      return range(new Date(year, month, 1), today)
    case 'lastMonth':
      return range(new Date(year, month - 1, 1), new Date(year, month, 0))
    case 'thisYear':
      return range(new Date(year, 0, 1), today)
  }
}

/** Whether the text is an existing day in the format of date inputs. People also type addresses by hand. */
export function isDay(text: string): boolean {
  const noon = new Date(`${text}T12:00:00`)
  return !Number.isNaN(noon.getTime()) && dayOf(noon) === text
}

/** The first instant of the day in the reader's time zone, in UTC. */
export function startOfDay(day: string): string {
  return new Date(`${day}T00:00:00`).toISOString()
}

/** The last microsecond of the day in the reader's time zone, in UTC. Postgres timestamps are not finer. */
export function endOfDay(day: string): string {
  const next = new Date(`${day}T00:00:00`)
  next.setDate(next.getDate() + 1)
  return new Date(next.getTime() - 1).toISOString().replace('.999Z', '.999999Z')
}

/** The day in the reader's time zone: `2026-11-23`. */
export function dayOf(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
