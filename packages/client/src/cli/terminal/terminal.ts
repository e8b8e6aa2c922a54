// Input from the terminal: lines, single keys and secrets that are not echoed.
import { createInterface } from 'node:readline/promises'

export function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Reads a line. Prompts go to standard error, because standard output is for results. */
export async function promptLine(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await lines.question(question)).trim()
  } finally {
    lines.close()
  }
}

/** In raw mode the terminal sends this character instead of a signal. */
export const CTRL_C = '\u0003'

/** Reads one key. */
export async function promptKey(question: string): Promise<string> {
  process.stderr.write(question)
  return readRaw((typed) => (typed === '' ? undefined : typed))
}

/** Reads a line without echo. */
export async function promptSecret(question: string): Promise<string> {
  process.stderr.write(question)
  let secret = ''
  const typed = await readRaw((text) => {
    for (const character of text) {
      if (character === CTRL_C) return CTRL_C
      if (character === '\r' || character === '\n') return secret
      secret = character === '\u007f' || character === '\b' ? secret.slice(0, -1) : secret + character
    }
    return undefined
  })
  process.stderr.write('\n')
  return typed.trim()
}

/** @param read receives the typed characters and returns the result, or undefined to read more */
function readRaw(read: (typed: string) => string | undefined): Promise<string> {
  const { stdin } = process
  return new Promise((resolve) => {
    const finish = (result: string) => {
      stdin.off('data', onData)
      stdin.off('end', onEnd)
      stdin.setRawMode(false)
      stdin.pause()
      resolve(result)
    }
    const onData = (typed: string) => {
      const result = read(typed)
      if (result !== undefined) finish(result)
    }
    // The terminal was closed.
    const onEnd = () => finish(CTRL_C)
    stdin.setEncoding('utf8')
    stdin.setRawMode(true)
    stdin.on('data', onData)
    stdin.once('end', onEnd)
    stdin.resume()
  })
}
