// GET /openapi.json: the OpenAPI document. GET /docs: the API reference for people.
import { createHash } from 'node:crypto'
import { ifNoneMatchSchema } from '@waybill/shared/contract/headers.ts'
import { z } from 'zod'
import { isKnown } from '../http/request.ts'
import { defineRoute, type Route } from '../http/route.ts'
import { createDocument } from '../openapi/document.ts'
import { PAGE, PAGE_FILES, PAGE_POLICY } from '../openapi/page.ts'

/** @param others all other routes; the document contains them and the routes returned here */
export function documentRoutes(others: readonly Route[]): Route[] {
  // Generated on the first request, because most processes never receive one.
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
    access: 'public',
    operationId: 'getOpenApi',
    tag: 'System',
    summary: 'OpenAPI document',
    headers: { 'If-None-Match': ifNoneMatchSchema.optional() },
    responses: {
      200: {
        description: 'The document, in OpenAPI 3.1.',
        body: z.record(z.string(), z.unknown()).meta({ examples: [{ openapi: '3.1.1' }] }),
        headers: { ETag: 'always', 'Cache-Control': 'always' },
      },
      304: { description: 'The document has not changed.', headers: { ETag: 'always', 'Cache-Control': 'always' } },
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
    access: 'public',
    operationId: 'getDocs',
    tag: 'System',
    summary: 'Human-readable API reference',
    responses: {
      200: { description: 'An HTML page.', contentType: 'text/html', body: z.string(), example: '<!doctype html>' },
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
    access: 'public',
    operationId: 'getDocsFile',
    tag: 'System',
    summary: 'Get a script, style sheet or icon of the API reference',
    params: { file: z.enum(Object.keys(PAGE_FILES)) },
    responses: { 200: { description: 'The file.', contentType: '*/*', body: z.string(), example: '…' } },
    problems: [],
    handle(_request, response, { params: { file } }) {
      // Waybill may be installed under a directory whose name begins with a dot.
      response.sendFile(PAGE_FILES[file as keyof typeof PAGE_FILES], { dotfiles: 'allow' })
    },
  })
}
