// How a process is told to end.

/**
 * Resolves at the first SIGINT or SIGTERM. A second one ends the process at once, with the code that shells use
 * for a death by that signal.
 */
export function untilSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let told = false
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(signal, () => {
      if (told) process.exit(128 + number)
      told = true
      resolve(signal)
    })
  }
  return promise
}
