// A line that breaks in the middle of an answer is a broken line, which heals: not an error of the page.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { ConnectionLost, isPassing } from '../../../apps/admin/src/data/problem.ts'

/** Named only when it runs: its types are those of a browser, which the tests' are not. */
const HTTP: string = '../../../apps/admin/src/data/http.ts'

let server: Server
let url: string
beforeAll(async () => {
  // All that the page's session needs of a browser.
  vi.stubGlobal('sessionStorage', { getItem: () => null })
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    response.write('{"items": [', () => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => {
  vi.unstubAllGlobals()
  server.close()
})

it('is told as a lost connection, which is tried again', async () => {
  const { send } = (await import(HTTP)) as { send(method: string, path: string): Promise<unknown> }
  const error = await send('GET', url).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConnectionLost)
  expect(isPassing(error as ConnectionLost)).toBe(true)
})
