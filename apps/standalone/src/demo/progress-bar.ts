// One line on a terminal that shows how far something is; a few plain lines where there is no terminal.

export interface ProgressBar {
  /** @param done between 0 and 1, undefined when unknown */
  update(done: number | undefined, text: string): void
  /** Leaves the line as it is and goes on below. */
  end(text: string): void
}

const WIDTH = 24

/** Milliseconds between plain lines. */
const PLAIN_INTERVAL = 5_000

export function createProgressBar(label: string, stream: NodeJS.WriteStream = process.stdout): ProgressBar {
  let lastPlain = performance.now()
  const draw = (done: number | undefined, text: string) => {
    const filled = Math.round((done ?? 0) * WIDTH)
    const bar = done === undefined ? ' '.repeat(WIDTH) : '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
    const line = `${label.padEnd(30)} ${bar} ${text}`
    stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 120) - 1)}`)
  }
  return {
    update(done, text) {
      if (stream.isTTY) draw(done, text)
      else if (performance.now() - lastPlain > PLAIN_INTERVAL) {
        lastPlain = performance.now()
        stream.write(`${label.padEnd(30)} ${text}\n`)
      }
    },
    end(text) {
      if (stream.isTTY) {
        draw(1, text)
        stream.write('\n')
      } else stream.write(`${label.padEnd(30)} ${text}\n`)
    },
  }
}
