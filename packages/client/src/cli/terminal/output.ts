// Output: results to standard output, everything else to standard error.
import type { WriteStream } from 'node:tty'

export interface Output {
  readonly isJson: boolean
  /** Prints the formatted text or, with `--json`, the value itself. */
  result(value: unknown, format: () => string): void
  /** Prints text as it is. */
  text(text: string): void
  /** Progress messages; silent with `--quiet` and `--json`. */
  info(text: string): void
  /** Warnings; silent with `--json` only. */
  warn(text: string): void
  /** Where progress is drawn; undefined with `--quiet` and `--json`. */
  readonly progress: Pick<WriteStream, 'write' | 'isTTY' | 'columns'> | undefined
  readonly color: Color
}

/** Colors text on a terminal; elsewhere returns it unchanged. */
export interface Color {
  green(text: string): string
  dim(text: string): string
}

export interface OutputOptions {
  readonly isJson: boolean
  readonly isQuiet: boolean
  readonly noColor: boolean
}

export function createOutput({ isJson, isQuiet, noColor }: OutputOptions): Output {
  const { stdout, stderr } = process
  return {
    isJson,
    result: (value, format) => void stdout.write(`${isJson ? JSON.stringify(value, null, 2) : format()}\n`),
    text: (text) => void stdout.write(text),
    info: (text) => void (isJson || isQuiet || stderr.write(`${text}\n`)),
    warn: (text) => void (isJson || stderr.write(`waybill: ${text}\n`)),
    progress: isJson || isQuiet ? undefined : stderr,
    color: createColor(stderr.isTTY === true && !noColor),
  }
}

function createColor(isOn: boolean): Color {
  const style = (code: number) => (text: string) => (isOn ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { green: style(32), dim: style(2) }
}

/** A table with aligned columns; the last column is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')
  return [line(head), ...rows.map(line)].map((text) => text.trimEnd()).join('\n')
}

/** One name and value per line. Empty values are left out. */
export function facts(list: readonly (readonly [name: string, value: string | null | undefined])[]): string {
  const known = list.filter(([, value]) => value !== null && value !== undefined && value !== '')
  const width = Math.max(...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}
