// GET /openapi.json: the OpenAPI document. GET /docs: the API reference for people.
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { mayExport } from '@waybill/shared/access/rights.ts'
import { ifNoneMatchSchema } from '@waybill/shared/contract/headers.ts'
import { createDatasets, type Datasets } from '@waybill/shared/datasets/registry.ts'
import type { Response } from 'express'
import { z } from 'zod'
import type { Authenticator, Caller } from '../auth/authenticate.ts'
import { isKnown } from '../http/request.ts'
import { defineRoute, type Route } from '../http/route.ts'
import { createDocument } from '../openapi/document.ts'
import { PAGE, PAGE_FILES, PAGE_POLICY } from '../openapi/page.ts'

/** @param describeRoutes all routes, with the schemas for these datasets; only for the document */
export function documentRoutes(
  { datasets }: { readonly datasets: Datasets },
  describeRoutes: (datasets: Datasets) => readonly Route[],
  authenticator: Authenticator,
): Route[] {
  const documents = createDocumentCache((visible) => createDocument(describeRoutes(visible)))
  /** A reader without a token sees no dataset, because their names and columns are internal to the operator. */
  const visibleTo = (caller: Caller | undefined) =>
    [...datasets.values()].filter((dataset) => caller !== undefined && mayExport(caller, dataset))
  return [
    documentRoute(authenticator, (caller) => documents(createDatasets(visibleTo(caller)))),
    pageRoute(),
    pageFileRoute(),
  ]
}

/** A document as it is sent. */
interface ServedDocument {
  readonly etag: string
  readonly json: Buffer
  readonly gzipped: Buffer
}

/** Sets of datasets whose documents are kept. There are as many as different lists of datasets of keys. */
const MAX_DOCUMENTS = 20

/** Each document is generated, serialized and compressed once, when it is first requested. */
function createDocumentCache(create: (datasets: Datasets) => Record<string, unknown>) {
  const served = new Map<string, Promise<ServedDocument>>()
  return (datasets: Datasets): Promise<ServedDocument> => {
    const key = [...datasets.keys()].join()
    const document = served.get(key) ?? serve(() => create(datasets))
    // Deleted first, so that the map stays in the order of last use.
    served.delete(key)
    served.set(key, document)
    const oldest = served.size > MAX_DOCUMENTS ? served.keys().next().value : undefined
    if (oldest !== undefined) served.delete(oldest)
    return document
  }
}

async function serve(create: () => Record<string, unknown>): Promise<ServedDocument> {
  const json = Buffer.from(JSON.stringify(create()))
  const hash = createHash('sha256').update(json).digest('base64url')
  return { etag: `W/"${hash.slice(0, 27)}"`, json, gzipped: await promisify(gzip)(json, { level: 9 }) }
}

function documentRoute(
  authenticator: Authenticator,
  getDocument: (caller: Caller | undefined) => Promise<ServedDocument>,
): Route {
  return defineRoute({
    method: 'get',
    path: '/openapi.json',
    access: 'optional',
    operationId: 'getOpenApi',
    tag: 'System',
    summary: 'OpenAPI document',
    description: 'Describes the datasets that the caller may export; without a token, none.',
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
    async handle(request, response, { headers }) {
      const caller = request.get('authorization') === undefined ? undefined : await authenticator(request, response)
      const { etag, json, gzipped } = await getDocument(caller)
      response.set({ ETag: etag, 'Cache-Control': `${caller === undefined ? 'public' : 'private'}, no-cache` })
      response.vary('Accept-Encoding').vary('Authorization')
      if (isKnown(headers['If-None-Match'], etag)) return void response.status(304).end()
      const isGzip = request.acceptsEncodings(['gzip', 'identity']) === 'gzip'
      if (isGzip) response.set('Content-Encoding', 'gzip')
      response.type('application/json')
      // The bytes of the document, although the type of the handler is its parsed form.
      ;(response as Response).send(isGzip ? gzipped : json)
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
