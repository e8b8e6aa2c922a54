// The form of an English word that goes with a number.

export function plural(count: number, one: string, many: string): string {
  return count === 1 ? one : many
}
