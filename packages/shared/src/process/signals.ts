// Waits for the signal to shut down.

/**
 * Resolves at the first SIGINT or SIGTERM. A second signal ends the process immediately, with the exit code that
 * shells use for that signal.
 */
export function untilSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let received = false
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(signal, () => {
      if (received) process.exit(128 + number)
      received = true
      resolve(signal)
    })
  }
  return promise
}
