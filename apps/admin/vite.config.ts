// How the admin page is built: into dist/, which the API serves; and served while it is worked on.
import { defineConfig } from 'vite'

/** Where `npm run dev` finds the API: what npm start says. */
const API = 'http://localhost:8080'

export default defineConfig({
  // No inlined files: the page's Content-Security-Policy allows none.
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      onLog(level, log, handle) {
        // "use client" means something to servers that render React only.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log)
      },
    },
  },
  server: { proxy: { '/v1': API, '/auth/config.json': API } },
})
