// The options of `npm run keys`, from what was typed to what the database takes.

import type { Role } from '@waybill/shared/access/api-keys.ts'
import { ROLES } from '@waybill/shared/contract/api-keys.ts'
import { parseDuration } from '@waybill/shared/settings/units.ts'
import { isStorableText } from '@waybill/shared/vocabulary/text.ts'
import { z } from 'zod'

/** Something was typed that cannot be understood; the message says what. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const NAME_LENGTH = 100

export function readName(text: string): string {
  const name = text.trim()
  if (name === '' || name.length > NAME_LENGTH || !isStorableText(name)) {
    throw new UsageError(`--name must be 1 to ${NAME_LENGTH} characters`)
  }
  return name
}

export function readRole(text: string): Role {
  const role = ROLES.find((known) => known === text)
  if (role === undefined) throw new UsageError(`--role must be one of: ${ROLES.join(', ')}`)
  return role
}

/** An empty list is no bound, so it must be asked for by its name: "all". */
export function readDatasets(text: string): readonly string[] {
  if (text === 'all') return []
  const names = text.split(',').map((name) => name.trim())
  if (names.some((name) => name === '')) throw new UsageError('--datasets must be names with commas between, or "all"')
  return names
}

/** A duration from now, a time, or null for "never". */
export function readExpiry(text: string): Date | null {
  if (text === 'never') return null
  const duration = parseDuration(text)
  if (duration !== undefined && duration > 0) return new Date(Date.now() + duration)
  const parsed = z.iso.datetime({ offset: true }).safeParse(text)
  const time = parsed.success ? new Date(parsed.data) : undefined
  if (time === undefined) throw new UsageError('--expires must be like 90d, 2027-01-31T00:00:00Z or never')
  if (time <= new Date()) throw new UsageError('--expires must be in the future')
  return time
}

export function readOverlap(text: string): number {
  const overlap = parseDuration(text)
  if (overlap === undefined) throw new UsageError('--overlap must be like 30m, 1h or 7d')
  return overlap
}
