// What text can be kept as it is.

/** Whether Postgres' `text` holds it unchanged: no NUL (refused), no lone surrogate (UTF-8 has none). */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

export const NOT_STORABLE = 'must be text without NUL and lone surrogates'
