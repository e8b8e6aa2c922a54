// What the terminal can do: lines of its user, keys, and letters that it does not show.
import { createInterface } from 'node:readline/promises'

export function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** One line. Questions stand on standard error: standard output is for results. */
export async function askLine(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await lines.question(question)).trim()
  } finally {
    lines.close()
  }
}

/** What Ctrl-C is while keys are read one by one, as the terminal then sends no signal. */
export const CTRL_C = '\u0003'

/** One key. */
export async function askKey(question: string): Promise<string> {
  process.stderr.write(question)
  return readRaw((typed) => (typed === '' ? undefined : typed))
}

/** A line that is not shown. */
export async function askSecret(question: string): Promise<string> {
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

/** @param read what was typed now; undefined: there must be more */
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
    // The terminal is gone: nobody will say more.
    const onEnd = () => finish(CTRL_C)
    stdin.setEncoding('utf8')
    stdin.setRawMode(true)
    stdin.on('data', onData)
    stdin.once('end', onEnd)
    stdin.resume()
  })
}
