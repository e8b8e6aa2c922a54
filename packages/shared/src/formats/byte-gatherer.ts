// Gathers text as UTF-8 in buffers of about one size.

/** Bytes of a buffer; a longer text gets a larger one. */
const BUFFER_LENGTH = 65_536

/** UTF-8 has at most this many bytes for one unit of a JS string. */
const MAX_BYTES_PER_UNIT = 3

/**
 * Writing small texts into a buffer that is there costs a third to a half less than making one buffer of a long text
 * (measured: docs/decisions/0005-own-csv-encoder.md).
 */
export class ByteGatherer {
  #buffer = Buffer.allocUnsafeSlow(BUFFER_LENGTH)
  #used = 0

  /** @returns the bytes before, when there was no room for the text beside them */
  add(text: string): Uint8Array | undefined {
    const needed = text.length * MAX_BYTES_PER_UNIT
    let full: Uint8Array | undefined
    if (this.#buffer.length - this.#used < needed) {
      full = this.take()
      if (this.#buffer.length < needed) this.#buffer = Buffer.allocUnsafeSlow(needed)
    }
    this.#used += this.#buffer.write(text, this.#used, 'utf8')
    return full
  }

  /** @returns what has been gathered; undefined: nothing */
  take(): Uint8Array | undefined {
    if (this.#used === 0) return undefined
    const taken = this.#buffer.subarray(0, this.#used)
    this.#buffer = Buffer.allocUnsafeSlow(BUFFER_LENGTH)
    this.#used = 0
    return taken
  }
}
