// `client.system`: dependencies, queues, workers and failures; for administrators.
import type { System } from '@waybill/shared/contract/system.ts'
import { type Polled, poll } from '../http/poll.ts'
import type { CallOptions, Transport } from '../http/transport.ts'

const PATH = '/v1/system'

export function createSystem(transport: Transport) {
  return {
    async get({ signal }: CallOptions = {}): Promise<System> {
      return (await transport.send<System>({ path: PATH, signal })).body
    },

    /** As `get`, with the interval until the next request. */
    poll: (previous?: Polled<System>, { signal }: CallOptions = {}): Promise<Polled<System>> =>
      poll(transport, { path: PATH, signal }, previous),
  }
}
