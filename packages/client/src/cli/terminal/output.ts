// Output: results to standard output, everything else to standard error.
import type { WriteStream } from 'node:tty'
import { escapeControls, replaceControls, replaceControlsInLine } from './controls.ts'

export interface Output {
  readonly isJson: boolean
  /** Prints the formatted text or, with `--json`, the value itself. */
  result(value: unknown, format: () => string): void
  /** Prints data. In a pipe or a file it stays as it is. */
  text(text: string): void
  /** Progress messages; silent with `--quiet` and `--json`. */
  info(text: string): void
  /** As `info`, with a check mark before the text and details after it. */
  done(text: string, details: string): void
  /** Warnings; silent with `--json` only. */
  warn(text: string): void
  /** Where progress is drawn; undefined with `--quiet` and `--json`. */
  readonly progress: Pick<WriteStream, 'write' | 'isTTY' | 'columns'> | undefined
}

export interface OutputOptions {
  readonly isJson: boolean
  readonly isQuiet: boolean
  readonly noColor: boolean
}

export function createOutput({ isJson, isQuiet, noColor }: OutputOptions): Output {
  const { stdout, stderr } = process
  const isSilent = isJson || isQuiet
  const style = createStyle(stderr.isTTY === true && !noColor)
  // A progress bar may be on the line. The message replaces it, and the next update draws it again.
  const wipe = stderr.isTTY === true && !isSilent ? '\r\x1b[2K' : ''
  const asJson = (value: unknown) => escapeControls(JSON.stringify(value, null, 2))
  return {
    isJson,
    result: (value, format) => void stdout.write(`${isJson ? asJson(value) : replaceControls(format())}\n`),
    text: (text) => void stdout.write(stdout.isTTY === true ? replaceControls(text) : text),
    info: (text) => void (isSilent || stderr.write(`${wipe}${replaceControls(text)}\n`)),
    done(text, details) {
      const [plain, aside] = [text, details].map(replaceControlsInLine)
      if (!isSilent) stderr.write(`${style(GREEN, '✓')} ${plain} ${style(DIM, `(${aside})`)}\n`)
    },
    warn: (text) => void (isJson || stderr.write(`${wipe}waybill: ${replaceControls(text)}\n`)),
    progress: isSilent ? undefined : stderr,
  }
}

const GREEN = 32
const DIM = 2

/** Styles text on a terminal; elsewhere returns it unchanged. */
function createStyle(isOn: boolean): (code: number, text: string) => string {
  return (code, text) => (isOn ? `\x1b[${code}m${text}\x1b[0m` : text)
}

/** A table with aligned columns; the last column is not padded. */
export function table(head: readonly string[], unsafeRows: readonly (readonly string[])[]): string {
  const rows = unsafeRows.map((cells) => cells.map(replaceControlsInLine))
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')
  return [line(head), ...rows.map(line)].map((text) => text.trimEnd()).join('\n')
}

/** One name and value per line. Empty values are left out. */
export function facts(list: readonly (readonly [name: string, value: string | null | undefined])[]): string {
  const known = list.flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, replaceControlsInLine(value)] as const],
  )
  const width = Math.max(...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}
