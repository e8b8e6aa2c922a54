// Control characters in text from a server: a terminal would run them as commands, or show the text in another order.

const CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu
const CONTROL_WITHIN_LINES = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu
const REPLACEMENT = '\ufffd'

/** For text of several lines: keeps line breaks and tabs. */
export function replaceControls(text: string): string {
  return text.replaceAll(CONTROL_WITHIN_LINES, REPLACEMENT)
}

/** For one value: a line break in it would look like a line of ours. */
export function replaceControlsInLine(text: string): string {
  return text.replaceAll(CONTROL, REPLACEMENT)
}

/** For JSON: its strings keep their value. `JSON.stringify` only escapes the characters below U+0020. */
export function escapeControls(json: string): string {
  return json.replaceAll(CONTROL_WITHIN_LINES, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
