// What the user can put right by typing something else.

export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** What to type, or where to read on. */
  readonly hint: string | undefined
  /** There is no key: it is no question of spelling. */
  readonly isAboutKey: boolean

  constructor(message: string, hint?: string, { isAboutKey = false }: { isAboutKey?: boolean } = {}) {
    super(message)
    this.hint = hint
    this.isAboutKey = isAboutKey
  }
}
