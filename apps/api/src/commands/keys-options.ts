// The options of `npm run keys`: reads each text as the value that the database takes.

import type { Role } from '@waybill/shared/access/api-keys.ts'
import { newApiKeySchema, ROLES } from '@waybill/shared/contract/api-keys.ts'
import { parseDuration } from '@waybill/shared/settings/units.ts'
import { z } from 'zod'

/** The command line is not valid; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const OPTIONS = {
  name(text: string): string {
    const { success, data } = newApiKeySchema.shape.name.safeParse(text)
    if (!success) throw new UsageError('--name must be 1 to 100 characters')
    return data
  },

  role(text: string): Role {
    const role = ROLES.find((known) => known === text)
    if (role === undefined) throw new UsageError(`--role must be one of: ${ROLES.join(', ')}`)
    return role
  },

  /** An empty list means no restriction, so it has to be requested by the word "all". */
  datasets(text: string): readonly string[] {
    if (text === 'all') return []
    const names = text.split(',').map((name) => name.trim())
    if (names.includes('')) throw new UsageError('--datasets must be names separated by commas, or "all"')
    return names
  },

  /** A duration from now, a time, or null for "never". */
  expires(text: string): Date | null {
    if (text === 'never') return null
    const duration = parseDuration(text)
    if (duration !== undefined && duration > 0) return new Date(Date.now() + duration)
    const { success, data } = z.iso.datetime({ offset: true }).safeParse(text)
    if (!success) throw new UsageError('--expires must be like 90d, 2027-01-31T00:00:00Z or never')
    if (Date.parse(data) <= Date.now()) throw new UsageError('--expires must be in the future')
    return new Date(data)
  },

  /** In milliseconds. */
  overlap(text: string): number {
    const overlap = parseDuration(text)
    if (overlap === undefined) throw new UsageError('--overlap must be like 30m, 1h or 7d')
    return overlap
  },
} as const

export type Option = keyof typeof OPTIONS
export type Values = { readonly [Name in Option]?: ReturnType<(typeof OPTIONS)[Name]> }

/** @throws UsageError for an invalid value */
export function readOptions(texts: Readonly<Record<string, string>>): Values {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, OPTIONS[name as Option](text)]))
}
