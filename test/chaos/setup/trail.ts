// Compares the trail of an export with the state machine: allowed transitions, and their actors.

export interface TrailEvent {
  readonly type: string
  readonly actor: string
  readonly attempt: number | null
}

export interface TrailEnd {
  readonly status: string
  readonly attempts: number
}

type State = 'none' | 'queued' | 'running' | 'completed' | 'failed' | 'canceled' | 'expired'

/** The states before and after each event. */
const MOVES: Readonly<Record<string, { readonly from: readonly State[]; readonly to: State }>> = {
  'export.requested': { from: ['none'], to: 'queued' },
  'export.started': { from: ['queued'], to: 'running' },
  'export.retrying': { from: ['running'], to: 'queued' },
  'export.released': { from: ['running'], to: 'queued' },
  'export.completed': { from: ['running'], to: 'completed' },
  // From `queued`: its dependency was unavailable until the deadline.
  'export.failed': { from: ['running', 'queued'], to: 'failed' },
  'export.canceled': { from: ['queued', 'running'], to: 'canceled' },
  'export.expired': { from: ['completed'], to: 'expired' },
}

/** Finds violations of the trail: illegal transitions, wrong actors, or another final state than that of the row. */
export function trailViolations(events: readonly TrailEvent[], end: TrailEnd): string[] {
  const problems: string[] = []
  let state: State = 'none'
  let attempts = 0
  let owner: string | undefined
  for (const { type, actor, attempt } of events) {
    if (type === 'export.downloaded' || type === 'export.link-issued') {
      if (state !== 'completed') problems.push(`${type} when ${state}`)
      continue
    }
    const move = MOVES[type]
    if (move === undefined) {
      problems.push(`${type} is no event of an export`)
      continue
    }
    if (!move.from.includes(state)) problems.push(`${type} when ${state}`)
    if (type === 'export.started') {
      attempts += 1
      owner = actor
      if (attempt !== attempts) problems.push(`start number ${attempts} is called attempt ${attempt}`)
    }
    // Another worker may report that the owner is lost. Only the owner publishes or releases its attempt.
    if ((type === 'export.completed' || type === 'export.released') && actor !== owner) {
      problems.push(`${type} by ${actor}, started by ${owner}`)
    }
    if (type === 'export.released') attempts -= 1
    state = move.to
  }
  if (state !== end.status) problems.push(`the trail ends ${state}, the row is ${end.status}`)
  if (attempts !== end.attempts) problems.push(`the trail has ${attempts} attempts, the row ${end.attempts}`)
  if (problems.length === 0) return []
  return [...problems, `the trail: ${events.map(({ type, attempt }) => `${type}#${attempt}`).join(', ')}`]
}
