// Waits for an export in front of its user: progress, and what Ctrl-C does meanwhile.
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { WaybillClient } from '../client.ts'
import { WaybillError } from '../http/errors.ts'
import { Interrupted, onInterrupt } from './terminal/interrupt.ts'
import type { Output } from './terminal/output.ts'
import { createProgress } from './terminal/progress.ts'
import { askKey, CTRL_C, isInteractive } from './terminal/terminal.ts'

export interface FollowOptions {
  readonly client: WaybillClient
  readonly output: Output
  /** Cancel the export at Ctrl-C without asking. */
  readonly cancelOnInterrupt: boolean
  /** How to get the file later, as a command. */
  readonly command: string
}

/** @throws Interrupted, and what `exports.wait` throws */
export async function follow(id: string, options: FollowOptions): Promise<Export> {
  const { client, output } = options
  const progress = createProgress(output)
  const stop = new AbortController()
  // What the user decides: while it is open, nothing else is said.
  let decision: Promise<void> | undefined
  const listen = () =>
    onInterrupt((signal) => {
      progress.clear()
      decision = decide(id, signal, options).then((interrupted) => {
        decision = undefined
        if (interrupted !== undefined) return stop.abort(interrupted)
        // They go on waiting: the next Ctrl-C is a first one again.
        unlisten()
        unlisten = listen()
      })
    })
  let unlisten = listen()
  const onProgress = (found: Export) => decision === undefined && progress.export(found)
  try {
    return await client.exports.wait(id, { signal: stop.signal, onProgress })
  } catch (error) {
    await decision
    // Canceled by the user, which the poll has seen before it was told.
    stop.signal.throwIfAborted()
    throw error
  } finally {
    await decision
    unlisten()
    progress.clear()
  }
}

/** Undefined: go on. */
async function decide(id: string, signal: NodeJS.Signals, options: FollowOptions): Promise<Interrupted | undefined> {
  const { output, command, cancelOnInterrupt } = options
  const goesOn = new Interrupted(signal, `The export goes on. To get its file: ${command}`)
  if (cancelOnInterrupt) return cancel(id, signal, options)
  if (signal !== 'SIGINT' || !isInteractive() || output.progress === undefined) return goesOn
  const key = await askKey('Cancel the export? y: yes, n: no, leave it running, Enter: go on waiting ')
  process.stderr.write('\n')
  if (key === CTRL_C) process.exit(goesOn.exitCode)
  if (/^y/i.test(key)) return cancel(id, signal, options)
  return /^n/i.test(key) ? goesOn : undefined
}

async function cancel(id: string, signal: NodeJS.Signals, { client, output }: FollowOptions) {
  try {
    await client.exports.cancel(id)
    return new Interrupted(signal, 'The export is canceled.')
  } catch (error) {
    if (!(error instanceof WaybillError)) throw error
    if (error.code === 'EXPORT_ENDED') {
      output.remark('It has ended already.')
      return undefined
    }
    return new Interrupted(signal, `The export could not be canceled and goes on. ${error.message}`)
  }
}
