// An error that the user can fix by changing the command.

export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** What to do. */
  readonly hint: string | undefined
  /** The key is missing; this has its own exit code. */
  readonly isAboutKey: boolean

  constructor(message: string, hint?: string, { isAboutKey = false }: { isAboutKey?: boolean } = {}) {
    super(message)
    this.hint = hint
    this.isAboutKey = isAboutKey
  }
}
