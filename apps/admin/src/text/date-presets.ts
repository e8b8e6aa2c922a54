// Ranges of days that people ask for, in the reader's zone.

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

/** Days as date inputs have them: `2026-11-23`; empty: open. Both inclusive. */
export interface DayRange {
  readonly from: string
  readonly to: string
}

/** The days that a preset means today. */
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

/** Whether this is a day as date inputs have them, and one that there is: addresses are written by people, too. */
export function isDay(text: string): boolean {
  const noon = new Date(`${text}T12:00:00`)
  return !Number.isNaN(noon.getTime()) && dayOf(noon) === text
}

/** The first moment of the day in the reader's zone, in UTC. */
export function startOfDay(day: string): string {
  return new Date(`${day}T00:00:00`).toISOString()
}

/** The last microsecond of the day in the reader's zone, in UTC: timestamps have no finer. */
export function endOfDay(day: string): string {
  const next = new Date(`${day}T00:00:00`)
  next.setDate(next.getDate() + 1)
  return new Date(next.getTime() - 1).toISOString().replace('.999Z', '.999999Z')
}

/** The day in the reader's zone: `2026-11-23`. */
export function dayOf(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
