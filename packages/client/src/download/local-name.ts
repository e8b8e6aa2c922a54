// Turns the file name that the server gives into one that is safe to create in a directory.

/** Control and bidi characters, path separators, and what Windows does not accept: ":" would name a hidden stream. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029<>:"/\\|?*]/gu

/** A name that starts with a dot is hidden, and may configure another program (.npmrc). Commands read "-x" as a flag. */
const UNSAFE_START = /^[.\s-]+/

/** Windows removes them, so that "NUL ." is NUL. */
const UNSAFE_END = /[.\s]+$/

/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file: with any extension, a device instead of a file. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(?=[ .]|$)/i

/** Leaves space for ".ID.part" in the 255 bytes that most file systems allow. */
const MAX_BYTES = 200

/** Equal to `filename` when that is a plain name, as a Waybill server gives it. */
export function localName(filename: string): string {
  const base = filename.toWellFormed().split(/[/\\]/).at(-1) ?? ''
  const plain = base.replaceAll(UNSAFE, '_').replace(UNSAFE_START, '_').replace(UNSAFE_END, '')
  const name = plain.replace(DEVICE, '_$&')
  if (name === '' || name === '_') return 'export'
  return shorten(name)
}

/** Keeps the extension. */
function shorten(name: string): string {
  const extension = /(\.[\w-]{1,10}){0,2}$/.exec(name)?.[0] ?? ''
  const characters = [...name.slice(0, name.length - extension.length)]
  characters.splice(MAX_BYTES)
  while (new TextEncoder().encode(characters.join('') + extension).length > MAX_BYTES) characters.pop()
  return characters.join('') + extension
}
