// Serves the built admin page at each of its paths, with a strict Content-Security-Policy.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from '@waybill/shared/settings/schema.ts'
import { type RequestHandler, Router } from 'express'
import expressStaticGzip from 'express-static-gzip'

/** The output directory of `npm run build`, also in the image. */
const BUILD_DIRECTORY = fileURLToPath(new URL('../../../admin/dist', import.meta.url))

/** The paths that the router of the page handles. A browser gets the page at any other path too, with status 404. */
export const PAGE_PATHS = [
  '/',
  '/new',
  '/exports/:id',
  '/webhooks',
  '/webhooks/:id',
  '/keys',
  '/audit',
  '/health',
  '/auth/callback',
] as const

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Waybill</title>
<h1>The admin page is not built</h1>
<p>The API works. For the page, run <code>npm run build</code>, or <code>npm start</code>, which builds it by itself.</p></html>
`

/** The handlers of the page: at its own paths, and for a browser at an unknown path. */
export interface AdminPage {
  readonly router: Router
  /** Answers a browser at an unknown address with the page, which says that nothing is there. Others get JSON. */
  readonly notFound: RequestHandler
}

export function adminPage(config: Pick<Config, 'OIDC_ISSUER'>, directory: string = BUILD_DIRECTORY): AdminPage {
  const router = Router()
  const headers = {
    'Content-Security-Policy': contentPolicy(config.OIDC_ISSUER),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  }
  const page: RequestHandler = (_request, response, next) => {
    response.set(headers)
    const file = { root: directory, cacheControl: false, lastModified: false, acceptRanges: false }
    response.sendFile('index.html', file, (error) => {
      if (error === undefined || response.headersSent) return
      // The API works without the page, so this is not logged as a failure.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') response.status(404).type('html').send(NOT_BUILT)
      else next(error)
    })
  }
  // The file names contain a hash of the content.
  // The build has compressed each of them.
  const assets = expressStaticGzip(join(directory, 'assets'), {
    enableBrotli: true,
    orderPreference: ['br', 'gz'],
    index: false,
    serveStatic: {
      ...{ redirect: false, etag: false, lastModified: false },
      setHeaders: (response) => response.setHeader('Cache-Control', 'public, max-age=31536000, immutable'),
    },
  })
  router.use('/assets', assets)
  for (const path of PAGE_PATHS) router.get(path, page)
  const notFound: RequestHandler = (request, response, next) => {
    // `curl` accepts anything, and gets JSON like every other program.
    const isBrowser = request.method === 'GET' && request.accepts(['json', 'html']) === 'html'
    if (!isBrowser || request.path.startsWith('/v1/') || request.path.startsWith('/assets/')) return next()
    response.status(404)
    page(request, response, next)
  }
  return { router, notFound }
}

/** No inline scripts or styles, nothing from other origins; requests go to this API and to the identity provider. */
function contentPolicy(issuer: string | undefined): string {
  const provider = issuer === undefined ? '' : ` ${new URL(issuer).origin}`
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self'${provider}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
