// GET /openapi.json: the document of this API. GET /docs: the same, readable.
import { createHash } from 'node:crypto'
import { ifNoneMatchSchema } from '@waybill/shared/contract/headers.ts'
import { z } from 'zod'
import { isKnown } from '../http/request.ts'
import { defineRoute, type Route } from '../http/route.ts'
import { createDocument } from '../openapi/document.ts'
import { PAGE, PAGE_FILES, PAGE_POLICY } from '../openapi/page.ts'

/** @param others every other route: the document tells of them and of these */
export function documentRoutes(others: readonly Route[]): Route[] {
  // Made when somebody asks: most processes never are.
  let document: Tagged | undefined
  const routes: Route[] = [
    documentRoute(() => (document ??= withTag(createDocument([...others, ...routes])))),
    pageRoute(),
    pageFileRoute(),
  ]
  return routes
}

interface Tagged {
  readonly document: Record<string, unknown>
  readonly tag: string
}

function withTag(document: Record<string, unknown>): Tagged {
  const hash = createHash('sha256').update(JSON.stringify(document)).digest('base64url')
  return { document, tag: `W/"${hash.slice(0, 27)}"` }
}

function documentRoute(getDocument: () => Tagged): Route {
  return defineRoute({
    method: 'get',
    path: '/openapi.json',
    access: 'anybody',
    operationId: 'getOpenApi',
    tag: 'System',
    summary: 'Give this document',
    headers: { 'If-None-Match': ifNoneMatchSchema.optional() },
    answers: {
      200: {
        description: 'OpenAPI 3.1.',
        body: z.record(z.string(), z.unknown()).meta({ examples: [{ openapi: '3.1.1' }] }),
        headers: { ETag: 'always', 'Cache-Control': 'always' },
      },
      304: { description: 'It is still the same.', headers: { ETag: 'always', 'Cache-Control': 'always' } },
    },
    problems: [],
    handle(_request, response, { headers }) {
      const { document, tag } = getDocument()
      response.set({ ETag: tag, 'Cache-Control': 'public, no-cache' })
      if (isKnown(headers['If-None-Match'], tag)) return void response.status(304).end()
      response.json(document)
    },
  })
}

function pageRoute(): Route {
  return defineRoute({
    method: 'get',
    path: '/docs',
    access: 'anybody',
    operationId: 'getDocs',
    tag: 'System',
    summary: 'Show this document to a person',
    answers: {
      200: { description: 'A page.', contentType: 'text/html', body: z.string(), example: '<!doctype html>' },
    },
    problems: [],
    handle(_request, response) {
      response.set('Content-Security-Policy', PAGE_POLICY).type('text/html').send(PAGE)
    },
  })
}

function pageFileRoute(): Route {
  return defineRoute({
    method: 'get',
    path: '/docs/:file',
    access: 'anybody',
    operationId: 'getDocsFile',
    tag: 'System',
    summary: 'Give a file that the page is made of',
    params: { file: z.enum(Object.keys(PAGE_FILES)) },
    answers: { 200: { description: 'The file.', contentType: '*/*', body: z.string(), example: '…' } },
    problems: [],
    handle(_request, response, { params: { file } }) {
      // The house may stand in a directory that begins with a dot.
      response.sendFile(PAGE_FILES[file as keyof typeof PAGE_FILES], { dotfiles: 'allow' })
    },
  })
}
