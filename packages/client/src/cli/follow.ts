// Waits for an export with progress, and handles Ctrl-C.
import type { Export } from '@waybill/shared/contract/exports.ts'
import type { WaybillClient } from '../client.ts'
import { WaybillError } from '../http/errors.ts'
import { Interrupted, onInterrupt } from './terminal/interrupt.ts'
import type { Output } from './terminal/output.ts'
import { createProgress } from './terminal/progress.ts'
import { CTRL_C, isInteractive, promptKey } from './terminal/terminal.ts'
import { withResumeHint } from './unreachable.ts'

export interface FollowOptions {
  readonly client: WaybillClient
  readonly output: Output
  /** Cancel the export on Ctrl-C without a prompt. */
  readonly cancelOnInterrupt: boolean
  /** The command that downloads the file later. */
  readonly command: string
}

/** @throws Interrupted, and what `exports.wait` throws */
export async function follow(id: string, options: FollowOptions): Promise<Export> {
  const { client, output, command } = options
  const progress = createProgress(output)
  const stop = new AbortController()
  // Set while the prompt is open; no progress is drawn then.
  let decision: Promise<void> | undefined
  const listen = () =>
    onInterrupt((signal) => {
      progress.clear()
      decision = decide(id, signal, options).then((interrupted) => {
        decision = undefined
        if (interrupted !== undefined) return stop.abort(interrupted)
        // The user keeps waiting: the next Ctrl-C opens the prompt again.
        unlisten()
        unlisten = listen()
      })
    })
  let unlisten = listen()
  const onProgress = (found: Export) => decision === undefined && progress.export(found)
  try {
    return await withResumeHint(id, command, () => client.exports.wait(id, { signal: stop.signal, onProgress }))
  } catch (error) {
    await decision
    // The user canceled the export, and the poll saw it first.
    stop.signal.throwIfAborted()
    throw error
  } finally {
    await decision
    unlisten()
    progress.clear()
  }
}

/** Undefined: keep waiting. */
async function decide(id: string, signal: NodeJS.Signals, options: FollowOptions): Promise<Interrupted | undefined> {
  const { output, command, cancelOnInterrupt } = options
  const running = new Interrupted(signal, `The export is still running. To download its file: ${command}`)
  if (cancelOnInterrupt) return cancel(id, signal, options)
  if (signal !== 'SIGINT' || !isInteractive() || output.progress === undefined) return running
  const key = await promptKey('Cancel the export? y: yes, n: no, leave it running, Enter: keep waiting ')
  process.stderr.write('\n')
  if (key === CTRL_C) process.exit(running.exitCode)
  if (/^y/i.test(key)) return cancel(id, signal, options)
  return /^n/i.test(key) ? running : undefined
}

async function cancel(id: string, signal: NodeJS.Signals, { client, output }: FollowOptions) {
  try {
    await client.exports.cancel(id)
    return new Interrupted(signal, 'The export is canceled.')
  } catch (error) {
    if (!(error instanceof WaybillError)) throw error
    if (error.code === 'EXPORT_ENDED') {
      output.info('The export has already ended.')
      return undefined
    }
    return new Interrupted(signal, `The export could not be canceled and is still running. ${error.message}`)
  }
}
