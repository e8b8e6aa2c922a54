// Where words go: results to standard output, everything else to standard error.
import type { WriteStream } from 'node:tty'

export interface Output {
  readonly isJson: boolean
  /** For people or, with `--json`, the value itself. */
  result(value: unknown, forPeople: () => string): void
  /** What happens meanwhile; silent with `--quiet` and `--json`. */
  remark(text: string): void
  /** What must not be missed; silent with `--json` only. */
  warn(text: string): void
  /** Where progress may be drawn; undefined: nowhere. */
  readonly progress: Pick<WriteStream, 'write' | 'isTTY' | 'columns'> | undefined
  readonly paint: Paint
}

/** Marks text on a terminal; elsewhere leaves it as it is. */
export interface Paint {
  good(text: string): string
  bad(text: string): string
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
    result: (value, forPeople) => void stdout.write(`${isJson ? JSON.stringify(value, null, 2) : forPeople()}\n`),
    remark: (text) => void (isJson || isQuiet || stderr.write(`${text}\n`)),
    warn: (text) => void (isJson || stderr.write(`waybill: ${text}\n`)),
    progress: isJson || isQuiet ? undefined : stderr,
    paint: createPaint(stderr.isTTY === true && !noColor),
  }
}

function createPaint(isOn: boolean): Paint {
  const mark = (code: number) => (text: string) => (isOn ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { good: mark(32), bad: mark(31), dim: mark(2) }
}

/** Columns as wide as they must be; the last one is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')
  return [line(head), ...rows.map(line)].map((text) => text.trimEnd()).join('\n')
}

/** One fact a line, those left out that are not known. */
export function facts(list: readonly (readonly [name: string, value: string | null | undefined])[]): string {
  const known = list.filter(([, value]) => value !== null && value !== undefined && value !== '')
  const width = Math.max(...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}
