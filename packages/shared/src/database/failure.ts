// Classifies database errors, which Prisma, its adapter and pg report in different forms.
import pg from 'pg'
import { Prisma } from '../generated/prisma/client.ts'

export type DatabaseFailureKind =
  /** Not reachable, or the connection broke. A retry may succeed. */
  | 'unavailable'
  /** A statement exceeded a time limit or was canceled. */
  | 'timeout'
  | 'access-denied'
  /** A table, column, schema or database does not exist. */
  | 'missing'
  /** Violates a unique key. */
  | 'duplicate'
  /** The server rejected the statement for another reason. */
  | 'refused'
  /** Not a database error. */
  | 'other'

export interface DatabaseFailure {
  readonly kind: DatabaseFailureKind
  /** SQLSTATE, if the server sent one (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
  readonly sqlState: string | undefined
  /** Message of the server or the socket, without Prisma's preamble. */
  readonly message: string
}

/** Maps a SQLSTATE or its first characters to a kind. The longest match wins. */
const BY_SQLSTATE: ReadonlyMap<string, DatabaseFailureKind> = new Map([
  ['08', 'unavailable'], // connection exception
  ['53', 'unavailable'], // insufficient resources: connections, memory, disk
  ['57P', 'unavailable'], // shutdown, crash, cannot connect now
  ['40', 'unavailable'], // rolled back: serialization, deadlock, a standby's conflict with recovery
  ['25P03', 'unavailable'], // idle-in-transaction timeout ended the session
  ['57014', 'timeout'], // query canceled, which is also the code of statement_timeout
  ['55P03', 'timeout'], // lock not available
  ['42501', 'access-denied'],
  ['28', 'access-denied'], // authentication
  ['42P01', 'missing'],
  ['42703', 'missing'],
  ['3D000', 'missing'],
  ['3F000', 'missing'],
  ['23505', 'duplicate'],
])

/** Kinds that the adapter reports for failures without a SQLSTATE. */
const BY_ADAPTER_KIND: ReadonlyMap<string, DatabaseFailureKind> = new Map([
  ['DatabaseNotReachable', 'unavailable'],
  ['ConnectionClosed', 'unavailable'],
  ['SocketTimeout', 'unavailable'],
  ['TlsConnectionError', 'unavailable'],
])

/** Prisma's own codes (https://www.prisma.io/docs/orm/reference/error-reference). */
const BY_PRISMA_CODE: ReadonlyMap<string, DatabaseFailureKind> = new Map([
  ['P1001', 'unavailable'],
  ['P1002', 'unavailable'],
  ['P1008', 'unavailable'],
  ['P1017', 'unavailable'],
  ['P2024', 'unavailable'], // no free connection in the pool before the timeout
  ['P2028', 'unavailable'], // the transaction could not be opened, or was lost
  ['P2002', 'duplicate'],
])

/** Messages of pg and of Node's sockets, for errors without a code. */
const CONNECTION_LOST =
  /connection terminated|connection timeout|timeout exceeded when trying to connect|timeout expired|read timeout|econn|epipe|socket|client has encountered a connection error|transaction already closed/i

export function databaseFailure(error: unknown): DatabaseFailure {
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    const cause = adapterCause(error.meta)
    const sqlState = cause?.originalCode
    const kind =
      bySqlState(sqlState) ??
      (cause?.kind === undefined ? undefined : BY_ADAPTER_KIND.get(cause.kind)) ??
      BY_PRISMA_CODE.get(error.code) ??
      (CONNECTION_LOST.test(error.message) ? 'unavailable' : 'refused')
    return { kind, sqlState, message: cause?.originalMessage ?? lastLine(error.message) }
  }
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    return { kind: bySqlState(error.code) ?? 'refused', sqlState: error.code, message: error.message }
  }
  if (error instanceof Error) {
    const isPrisma = error.name.startsWith('PrismaClient') || error.name === 'DriverAdapterError'
    if (CONNECTION_LOST.test(error.message))
      return { kind: 'unavailable', sqlState: undefined, message: lastLine(error.message) }
    return { kind: isPrisma ? 'refused' : 'other', sqlState: undefined, message: lastLine(error.message) }
  }
  return { kind: 'other', sqlState: undefined, message: String(error) }
}

function bySqlState(sqlState: string | undefined): DatabaseFailureKind | undefined {
  if (sqlState === undefined) return undefined
  for (let length = sqlState.length; length >= 2; length--) {
    const kind = BY_SQLSTATE.get(sqlState.slice(0, length))
    if (kind !== undefined) return kind
  }
  return 'refused'
}

interface AdapterCause {
  readonly kind?: string
  readonly originalCode?: string
  readonly originalMessage?: string
}

function adapterCause(meta: unknown): AdapterCause | undefined {
  const error = (meta as { driverAdapterError?: { cause?: AdapterCause } } | undefined)?.driverAdapterError
  return error?.cause
}

function lastLine(message: string): string {
  return message.trim().split('\n').at(-1)?.trim() ?? message
}
