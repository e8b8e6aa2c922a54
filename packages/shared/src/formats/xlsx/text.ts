// Text as a spreadsheet file may hold it: legal in XML, read back as it was, and no longer than a cell.
import type { EncodeContext } from '../format.ts'

/** Excel's limit for the characters of a cell, in UTF-16 units. */
export const CELL_UNITS = 32_767

/**
 * What needs work: markup, what XML 1.0 cannot hold (control characters, U+FFFE, U+FFFF, lone surrogates: with the
 * `u` flag the class matches no pair), CR (a parser turns it into LF), and an underscore that could be read as the
 * start of an escape.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const SPECIAL = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff\ud800-\udfff]|_x[0-9A-Fa-f]{4}/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const EACH_SPECIAL = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4})/gu

/**
 * ECMA-376 part 1, 22.9.2.19 (ST_Xstring): `_xHHHH_` stands for a character that XML cannot hold. Text that looks
 * like an escape has its underscore escaped, also without the closing one, which the next character might supply.
 */
export function xmlText(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(EACH_SPECIAL, escapeCharacter) : text
}

function escapeCharacter(character: string): string {
  if (character === '&') return '&amp;'
  if (character === '<') return '&lt;'
  if (character === '>') return '&gt;'
  return `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`
}

/** Cuts what a cell cannot hold, never between the halves of a surrogate pair, and counts it. */
export function cutToCell(text: string, warn: EncodeContext['warn']): string {
  if (text.length <= CELL_UNITS) return text
  warn('CELL_CUT')
  const splitsPair = /[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(CELL_UNITS - 1, CELL_UNITS + 1))
  return text.slice(0, splitsPair ? CELL_UNITS - 1 : CELL_UNITS)
}
