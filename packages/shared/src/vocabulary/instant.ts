// Moments as callers write them.
import { z } from 'zod'

/** What RFC 3339 allows and Postgres cannot read: the year 0, offsets of 16 hours and more, endless fractions. */
const UNREADABLE = /^0000|[+-](?:1[6-9]|2\d):\d\d$|\.\d{10}/

const INSTANT = 'must be a time as in 2026-01-01T00:00:00Z, or a day as in 2026-01-01'

/** RFC 3339 with an offset, or a day (UTC). Kept as text: a JS Date would lose the microseconds. */
export const instantFilterSchema: z.ZodType<string> = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: INSTANT })
  .refine((text) => !UNREADABLE.test(text), INSTANT)

export function isDay(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(value)
}
