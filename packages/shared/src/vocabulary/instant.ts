// Timestamps and dates as callers write them.
import { z } from 'zod'

/** RFC 3339 allows these and Postgres cannot read them: the year 0, offsets of 16 hours or more, ten or more decimals. */
const UNREADABLE = /^0000|[+-](?:1[6-9]|2\d):\d\d$|\.\d{10}/

const INSTANT = 'must be a timestamp like 2026-01-01T00:00:00Z or a date like 2026-01-01'

/** An RFC 3339 timestamp with an offset, or a date (UTC). It stays text, because a JS Date would lose the microseconds. */
export const instantFilterSchema: z.ZodType<string> = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: INSTANT })
  .refine((text) => !UNREADABLE.test(text), INSTANT)

export function isDay(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(value)
}
