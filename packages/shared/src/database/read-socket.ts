// A socket that reads into one buffer again and again, where its listener takes no bytes away.
import { Socket } from 'node:net'

/**
 * Emitted instead of `data` while it has a listener: the bytes are valid during the call only. Node otherwise makes a buffer
 * of 64 KiB for each read, also of 8 KiB, which is what Postgres sends at a time; collecting those is most of the work of V8's
 * garbage collector in an export.
 */
export const SHARED_DATA = 'sharedData'

/** Bytes of one read at most. */
const READ_BYTES = 262_144

/** As pg takes it for its option `stream`. Behind TLS it is read by Node's TLS socket, which emits `data`. */
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
