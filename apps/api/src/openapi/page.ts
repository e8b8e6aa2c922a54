// The API reference at /docs: Swagger UI, served from node_modules under a strict Content-Security-Policy.
import { fileURLToPath } from 'node:url'

const file = (name: string) => fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`))

/** The files under /docs/ and their paths on disk. */
export const PAGE_FILES = {
  'swagger-ui.css': file('swagger-ui.css'),
  'swagger-ui-bundle.js': file('swagger-ui-bundle.js'),
  'favicon-32x32.png': file('favicon-32x32.png'),
  'start.js': fileURLToPath(new URL('page/start.js', import.meta.url)),
  'page.css': fileURLToPath(new URL('page/page.css', import.meta.url)),
} as const

/** Scripts, styles and requests of this origin only. The style sheet contains its icons as `data:` URLs. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Waybill API</title>
    <link rel="icon" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="stylesheet" href="/docs/page.css">
    <script src="/docs/swagger-ui-bundle.js" defer></script>
    <script src="/docs/start.js" defer></script>
  </head>
  <body>
    <main id="swagger-ui"></main>
    <noscript>This page needs JavaScript. The OpenAPI document is at <a href="/openapi.json">/openapi.json</a>.</noscript>
  </body>
</html>
`
