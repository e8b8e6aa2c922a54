// A route that is not documented must not compile. `npm run check` verifies each @ts-expect-error below.
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineRoute, problemsOf, type Route } from '../../../apps/api/src/http/route.ts'

const DOCUMENTED = {
  method: 'get',
  access: 'caller',
  operationId: 'getThing',
  tag: 'System',
  summary: 'Give the thing',
  problems: [],
} as const

const thingSchema = z.object({ size: z.int() })

describe('the types refuse', () => {
  it('differences between the document and the server', () => {
    const { summary: _, ...withoutSummary } = DOCUMENTED
    const responses = { 200: { description: 'The thing.', body: thingSchema } } as const
    const routes: readonly Route[] = [
      // @ts-expect-error: a route without a summary
      defineRoute({
        ...withoutSummary,
        path: '/things',
        responses,
        handle: (_request, response) => void response.end(),
      }),
      // @ts-expect-error: a route without responses
      defineRoute({ ...DOCUMENTED, path: '/things', handle: (_request, response) => void response.end() }),
      // @ts-expect-error: a path parameter without a schema
      defineRoute({
        ...DOCUMENTED,
        path: '/things/:id',
        responses,
        handle: (_request, response) => void response.end(),
      }),
      defineRoute({
        ...DOCUMENTED,
        path: '/things',
        responses,
        // @ts-expect-error: a response with a field of another type
        handle: (_request, response) => void response.json({ size: 'large' }),
      }),
      defineRoute({
        ...DOCUMENTED,
        path: '/things',
        responses,
        // @ts-expect-error: a response with an undocumented field
        handle: (_request, response) => void response.json({ size: 1, colour: 'red' }),
      }),
      defineRoute({
        ...DOCUMENTED,
        path: '/things',
        responses,
        // @ts-expect-error: an undocumented parameter
        handle: (_request, response, { query }) => void response.json({ size: query.size }),
      }),
      defineRoute({
        ...DOCUMENTED,
        path: '/things',
        responses,
        query: z.strictObject({ size: z.coerce.number() }),
        handle: (_request, response, { query }) => void response.json({ size: query.size }),
      }),
    ]
    expect(routes).toHaveLength(7)
  })
})

it('errors that follow from the access rule and the schemas are documented automatically', () => {
  const body = z.strictObject({ size: z.int() })
  const route = defineRoute({
    ...DOCUMENTED,
    method: 'post',
    path: '/things/:id',
    params: { id: z.uuid() },
    body,
    responses: { 204: { description: 'Done.' } },
    problems: ['EXPORT_ENDED'],
    handle: (_request, response) => void response.end(),
  })
  expect(problemsOf(route)).toEqual(
    expect.arrayContaining([
      ...['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'EXPORT_ENDED', 'INTERNAL', 'DATABASE_UNAVAILABLE'],
      ...['BODY_NOT_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'VALIDATION_FAILED'],
    ]),
  )
  expect(problemsOf({ ...route, access: 'public' })).not.toContain('UNAUTHENTICATED')
})
