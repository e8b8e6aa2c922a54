// The API client of the page: it reports the state of the connection, and ends the session after a 401.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { WaybillClient } from '../../../packages/client/src/index.ts'

/** Imported at run time, because the tests are compiled without the types of a browser. */
const ADMIN: string = '../../../apps/admin/src'

interface Page {
  readonly api: WaybillClient
  readonly connection: { get(): string }
  readonly isTemporary: (error: Error) => boolean
  readonly sessionStore: { get(): { readonly session: unknown; readonly signedOut: string } }
}

let server: Server
let answer: RequestListener

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
  server.closeAllConnections()
  server.close()
})

/** Loads the modules of the page, with the parts of a browser that they use. */
async function startPage(session?: object): Promise<Page> {
  const items = new Map(session === undefined ? [] : [['waybill.session', JSON.stringify(session)]])
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => items.set(name, value),
    removeItem: (name: string) => items.delete(name),
  })
  vi.stubGlobal('location', { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const modules = ['api.ts', 'data/connection.ts', 'data/problem.ts', 'data/session.ts']
  const loaded = await Promise.all(modules.map((module) => import(`${ADMIN}/${module}`)))
  return Object.assign({}, ...loaded) as Page
}

async function thrown(call: Promise<unknown>): Promise<Error> {
  try {
    await call
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('the call did not throw an error')
}

const problem = (status: number, code: string): RequestListener => {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ type: 'about:blank', status, title: 'Title', detail: 'Detail.', code }))
  }
}

describe('the state of the connection', () => {
  it('is lost when the connection breaks in the middle of an answer, and ok after the next answer', async () => {
    const { api, connection, isTemporary } = await startPage()
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"items": [', () => response.destroy())
    }
    const error = await thrown(api.datasets.list())
    expect(error).toMatchObject({ code: 'NETWORK' })
    expect(isTemporary(error)).toBe(true)
    expect(connection.get()).toBe('lost')
    answer = (_request, response) => response.end('{"items": []}')
    expect(await api.datasets.list()).toEqual([])
    expect(connection.get()).toBe('ok')
  })

  it.each([
    ['unavailable', 503, 'DATABASE_UNAVAILABLE', true],
    ['ok', 429, 'RATE_LIMITED', true],
    ['ok', 422, 'VALIDATION_FAILED', false],
  ])('is %s after %d %s', async (state, status, code, temporary) => {
    const { api, connection, isTemporary } = await startPage()
    answer = problem(status, code)
    const error = await thrown(api.datasets.list())
    expect(error).toMatchObject({ code, status, problem: { detail: 'Detail.' } })
    expect(isTemporary(error)).toBe(temporary)
    expect(connection.get()).toBe(state)
  })
})

it('ends the session when the service refuses its key', async () => {
  const { api, sessionStore } = await startPage({ token: 'revoked' })
  answer = problem(401, 'UNAUTHENTICATED')
  expect(await thrown(api.datasets.list())).toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(sessionStore.get()).toEqual({ session: undefined, signedOut: 'expired' })
})
