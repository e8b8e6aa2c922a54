// A socket that reuses one buffer for all reads, if its listener copies the bytes.
import { Socket } from 'node:net'

/**
 * Emitted instead of `data` while it has a listener. The bytes are only valid during the call. Without it, Node allocates 64
 * KiB for each read, although Postgres sends 8 KiB at a time. Most of the garbage of an export would be such buffers.
 */
export const SHARED_DATA = 'sharedData'

/** The maximum size of one read. */
const READ_BYTES = 262_144

/** For the option `stream` of pg. With TLS, Node's TLS socket reads it and emits `data`. */
export function createReadSocket(): Socket {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  const socket = new Socket({
    onread: {
      buffer,
      callback: (length) => {
        const bytes = buffer.subarray(0, length)
        if (socket.listenerCount(SHARED_DATA) > 0) socket.emit(SHARED_DATA, bytes)
        else socket.emit('data', Buffer.from(bytes))
        return true
      },
    },
  })
  return socket
}
