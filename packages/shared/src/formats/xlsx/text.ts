// Converts text for a spreadsheet: valid XML, unchanged when it is read back, and not longer than a cell.
import type { EncodeContext } from '../format.ts'

/** The limit of Excel for a cell, in UTF-16 units. */
export const CELL_UNITS = 32_767

/**
 * Characters to escape: markup; characters that XML 1.0 does not allow (control characters, U+FFFE, U+FFFF, lone surrogates;
 * with the `u` flag, the class does not match pairs); CR, which a parser changes to LF; an underscore that could start an escape.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
const SPECIAL = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff\ud800-\udfff]|_x[0-9A-Fa-f]{4}/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
const EACH_SPECIAL = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4})/gu

/**
 * ECMA-376 part 1, 22.9.2.19 (ST_Xstring): `_xHHHH_` stands for a character that XML does not allow. In text that looks like an
 * escape, the underscore is escaped, also without the closing one, because that may be the next character.
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

/** Cuts text to the limit of a cell, never within a surrogate pair, and counts a warning. */
export function cutToCell(text: string, warn: EncodeContext['warn']): string {
  if (text.length <= CELL_UNITS) return text
  warn('CELL_CUT')
  const splitsPair = /[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(CELL_UNITS - 1, CELL_UNITS + 1))
  return text.slice(0, splitsPair ? CELL_UNITS - 1 : CELL_UNITS)
}
