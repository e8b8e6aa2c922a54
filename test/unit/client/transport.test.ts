// The transport: it renews a rejected key once, and does not transfer an unchanged response again.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../../packages/client/src/index.ts'

let server: Server
let url: string
let seen: { authorization: string | undefined; etag: string | undefined }[]
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeEach(async () => {
  seen = []
  server = createServer((request, response) => {
    const { authorization, 'if-none-match': etag } = request.headers
    seen.push({ authorization, etag })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

/** A server that accepts one token. */
const accepting = (token: string) => (request: IncomingMessage, response: ServerResponse) => {
  const isValid = request.headers.authorization === `Bearer ${token}`
  response.writeHead(isValid ? 200 : 401, { 'content-type': `application/${isValid ? '' : 'problem+'}json` })
  response.end(JSON.stringify(isValid ? { items: [] } : { code: 'UNAUTHENTICATED', title: 'No', detail: 'No.' }))
}

describe('renewKey', () => {
  it('is called once for concurrent calls, which then succeed', async () => {
    let token = 'old'
    let renewals = 0
    const renewKey = async () => {
      renewals += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
      token = 'new'
    }
    answer = accepting('new')
    const client = createClient({ url, key: () => token, renewKey })
    const lists = await Promise.all([client.datasets.list(), client.datasets.list(), client.webhooks.list()])
    expect(lists).toEqual([[], [], []])
    expect(renewals).toBe(1)
    expect(seen.map(({ authorization }) => authorization).toSorted()).toEqual([
      ...Array(3).fill('Bearer new'),
      ...Array(3).fill('Bearer old'),
    ])
  })

  it('is not called when another call has renewed the key meanwhile', async () => {
    let token = 'old'
    const valid = accepting('new')
    answer = (request, response) => {
      token = 'new'
      valid(request, response)
    }
    const renewKey = () => Promise.reject(new Error('a refresh token works once'))
    expect(await createClient({ url, key: () => token, renewKey }).datasets.list()).toEqual([])
  })

  it('leaves the error when there is no other key, and is not called twice for one call', async () => {
    let renewals = 0
    const renewKey = async () => {
      renewals += 1
    }
    answer = accepting('another')
    const refused = createClient({ url, key: 'old', renewKey }).datasets.list()
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    let token = 0
    const next = async () => {
      token += 1
    }
    const changing = createClient({ url, key: () => String(token), renewKey: next })
    await expect(changing.datasets.list()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect([renewals, token]).toEqual([1, 1])
  })
})

it('onAttempt receives every outcome, the retried ones too', async () => {
  const outcomes: (string | undefined)[] = []
  answer = (_request, response) => {
    response.writeHead(outcomes.length === 0 ? 503 : 200, { 'content-type': 'application/json' })
    response.end('{"items":[]}')
  }
  await createClient({ url, onAttempt: (error) => outcomes.push(error?.code) }).datasets.list()
  expect(outcomes).toEqual(['UNEXPECTED_ANSWER', undefined])
})

describe('poll', () => {
  it('returns the previous body after a 304, with the new interval', async () => {
    answer = ({ headers }, response) => {
      const isKnown = headers['if-none-match'] === 'W/"1"'
      response.writeHead(isKnown ? 304 : 200, { etag: 'W/"1"', 'retry-after': isKnown ? '3' : '1' })
      response.end(isKnown ? undefined : '{"items":[],"nextCursor":null}')
    }
    const client = createClient({ url })
    const first = await client.exports.pollPage({ limit: 2 })
    expect(first).toEqual({ body: { items: [], nextCursor: null }, etag: 'W/"1"', retryAfter: 1_000 })
    const second = await client.exports.pollPage({ limit: 2 }, first)
    expect(second).toEqual({ ...first, retryAfter: 3_000 })
    expect(second.body).toBe(first.body)
    expect(seen.map(({ etag }) => etag)).toEqual([undefined, 'W/"1"'])
  })
})
