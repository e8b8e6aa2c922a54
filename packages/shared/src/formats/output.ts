// The output buffer of a format, which collects the file in pieces.

/** The size of a buffer. A buffer is only larger if one value needs it. */
export const BUFFER_BYTES = 131_072

/** Bytes that are escaped at a time, so that the space reserved for the longest result stays small. */
const ESCAPE_SLICE_BYTES = 8_192

/** The replacements of the bytes that a format must escape. */
export interface EscapeTable {
  /** By byte: 1 if `replacements` has an entry for it. */
  readonly isEscaped: Uint8Array
  readonly replacements: readonly (Uint8Array | undefined)[]
  /** The length of the longest replacement, at least 1. */
  readonly longest: number
}

/** @param escapes replacements by character, ASCII only */
export function escapeTable(escapes: Readonly<Record<string, string>>): EscapeTable {
  const isEscaped = new Uint8Array(256)
  const replacements: (Uint8Array | undefined)[] = new Array(256).fill(undefined)
  let longest = 1
  for (const [character, text] of Object.entries(escapes)) {
    const byte = character.charCodeAt(0)
    if (character.length !== 1 || byte > 127) throw new RangeError(`${character} is not one ASCII character`)
    const replacement = utf8(text)
    isEscaped[byte] = 1
    replacements[byte] = replacement
    longest = Math.max(longest, replacement.length)
  }
  return { isEscaped, replacements, longest }
}

export function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

/**
 * A format may write into `buffer` at `at` after it has reserved the space. Then it must advance `at`. `full` has the pieces
 * that are ready.
 */
export class Output {
  buffer: Uint8Array = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  at = 0
  full: Uint8Array[] = []
  /** Buffers that can be reused. */
  readonly #free: Uint8Array[] = []

  /** Reserves space for this many bytes at `at`. */
  reserve(bytes: number): void {
    if (this.buffer.length - this.at < bytes) this.#renew(bytes)
  }

  byte(value: number): void {
    this.reserve(1)
    this.buffer[this.at++] = value
  }

  /** Writes a few constant bytes. */
  write(bytes: Uint8Array): void {
    const { length } = bytes
    this.reserve(length)
    const { buffer } = this
    let { at } = this
    // For up to about 60 bytes, a loop is faster than TypedArray.set.
    for (let i = 0; i < length; i++) buffer[at++] = bytes[i] as number
    this.at = at
  }

  text(text: string): void {
    this.write(utf8(text))
  }

  /** Writes a short ASCII text without allocating a buffer. */
  ascii(text: string): void {
    this.reserve(text.length)
    for (let i = 0; i < text.length; i++) this.buffer[this.at++] = text.charCodeAt(i)
  }

  /** Writes `bytes` from `start` to `end` unchanged. */
  copy(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.reserve(length)
    if (length > 128) {
      this.buffer.set(bytes.subarray(start, end), this.at)
      this.at += length
      return
    }
    const { buffer } = this
    let { at } = this
    for (let i = start; i < end; i++) buffer[at++] = bytes[i] as number
    this.at = at
  }

  /** Writes `bytes` from `start` to `end` with the replacements of the table. */
  escape(bytes: Uint8Array, start: number, end: number, table: EscapeTable): void {
    const { isEscaped, replacements, longest } = table
    for (let from = start; from < end; from += ESCAPE_SLICE_BYTES) {
      const to = Math.min(end, from + ESCAPE_SLICE_BYTES)
      this.reserve((to - from) * longest)
      const { buffer } = this
      let { at } = this
      for (let i = from; i < to; i++) {
        const byte = bytes[i] as number
        if (isEscaped[byte] === 0) {
          buffer[at++] = byte
          continue
        }
        const replacement = replacements[byte] as Uint8Array
        for (const instead of replacement) buffer[at++] = instead
      }
      this.at = at
    }
  }

  /** Moves the written bytes to `full`. */
  flush(): void {
    if (this.at > 0) this.#renew(0)
  }

  /**
   * Reuses the buffer of a piece that is no longer needed. New buffers outside of V8's heap cause garbage collections. Reuse
   * saved a third of the time of a csv export.
   */
  recycle(piece: Uint8Array): void {
    if (piece.buffer.byteLength === BUFFER_BYTES) this.#free.push(Buffer.from(piece.buffer))
  }

  #renew(bytes: number): void {
    if (this.at > 0) this.full.push(this.buffer.subarray(0, this.at))
    const free = bytes <= BUFFER_BYTES ? this.#free.pop() : undefined
    this.buffer = free ?? Buffer.allocUnsafeSlow(Math.max(BUFFER_BYTES, bytes))
    this.at = 0
  }
}
