// Which text Postgres can store unchanged.

/** True when Postgres' `text` type stores it unchanged. It rejects NUL, and UTF-8 cannot encode a lone surrogate. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

export const NOT_STORABLE = 'must not contain NUL or lone surrogates'
